"""Every filter that `F` makes is an EventSearchFilter, is rebuilt by its repr, and equals its JSON."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

from honeyhive_client.models.filter_operator import FILTER_OPERATOR_VALUES
from honeyhive_schemas import validator
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.filters import F, Filter, as_filters
from honeyhive_ext.filters.values import Value

PARTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
PATHS = st.one_of(st.just(("event_type",)), st.lists(PARTS, min_size=1, max_size=3).map(tuple))
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**64) + 1, 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
)


@st.composite
def filters(draw: st.DrawFn) -> Filter:
    path, value = draw(PATHS), draw(VALUES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return F(*path).where(draw(st.sampled_from(sorted(FILTER_OPERATOR_VALUES))), value)


@given(filters())
def test_a_filter_is_its_dict_and_follows_the_schema(one: Filter) -> None:
    wire = one.to_dict()
    assert one == wire
    assert validator("EventFilter").failures(wire) == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert as_filters([wire]) == (one,)


@given(filters(), filters())
def test_a_repr_is_python_that_makes_the_filter(one: Filter, other: Filter) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pasted = eval(repr(one & other), {"F": F, "datetime": datetime})
    assert tuple(pasted) == (one, other)
    assert hash(pasted) == hash(one & other)
