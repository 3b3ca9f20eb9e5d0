"""A filter is the same after it was written as text and read again, and no text makes the reader fail."""

from __future__ import annotations

import warnings

from honeyhive_client.models.filter_operator import FILTER_OPERATOR_VALUES
from honeyhive_client.models.filter_type import FILTER_TYPE_VALUES
from hypothesis import example, given
from hypothesis import strategies as st

from honeyhive_ext import F, FilterTextError
from honeyhive_ext.filters import AllOf, Filter, parse

WORDS = st.sampled_from(
    ["and", "or", "not", "as", "with", "ago", "is", "true", "null", "5", "1e5", "24h", "F", "model",
     "2026-01-02", "2026-01-02T00:00:00Z", "exists", "contains", "event_type", "metadata.cost", "start_time",
     "duration", "after", "==", ">", ">=", "(", ")", "&", "|", ",", '"', "'", "\\", "“", " ", "\n", "\x1d",
     "string", "any"]
)  # fmt: skip
PATHS = st.one_of(
    st.sampled_from(["event_type", "start_time", "duration", "event_id", "metadata.cost", "F", "and", "a b"]),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=12),
    WORDS.filter(bool),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64) + 1, 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
    WORDS,
)


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    operator = draw(st.sampled_from(sorted(FILTER_OPERATOR_VALUES)))
    kind = draw(st.one_of(st.none(), st.sampled_from(sorted(FILTER_TYPE_VALUES))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return F(draw(PATHS)).where(operator, draw(VALUES), type=kind)


@st.composite
def hand_made(draw: st.DrawFn) -> Filter:
    made = draw(filters())
    return Filter(made.path, made.operator, made.value, draw(st.one_of(st.none(), st.just(made.type))))


@given(st.lists(filters(), min_size=1, max_size=3))
@example([F.event_type == "model", F("metadata.cost") > 0.5])
def test_filters_are_the_same_after_they_were_text(several: list[Filter]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = parse(AllOf(tuple(several)).to_text())
    assert (read if isinstance(read, AllOf) else AllOf((read,))) == AllOf(tuple(several))


@given(hand_made())
def test_a_filter_without_a_type_is_the_same_after_it_was_text(one: Filter) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read = parse(one.to_text())
        assert isinstance(read, Filter)
    assert read == one


@given(
    st.one_of(
        st.text(), st.lists(st.one_of(WORDS, st.text(max_size=3))).map(" ".join), st.lists(WORDS).map("".join)
    )
)
def test_any_text_is_filters_or_an_error_at_a_place_in_it(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read = parse(text)
        except FilterTextError as error:
            read = AllOf(())
            wrong = error.position, error.position + error.length
        else:
            wrong = 0, 0
        assert parse(read.to_text()) == read
    assert 0 <= wrong[0] <= wrong[1] <= len(text)
