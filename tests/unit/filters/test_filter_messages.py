"""What `F` says, word for word: a refusal or a warning is of use only if it says what to write instead."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters import F, Filter, FilterWarning, as_filters

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE, TWO = F.event_type == "model", F("metadata.cost") > 1
MERGE = "cannot be asked: run one search for each and merge the results by event_id"
COMPARE = "and put each comparison in parentheses where & joins them"
OPERATORS = "after, before, contains, exists, greater than, is, is not, less than, not contains, not exists"


def refusal(write: Callable[[], object]) -> str:
    with pytest.raises(QueryError) as raised:
        write()
    return str(raised.value)


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (
            lambda: ONE | TWO,
            "the API joins filters by AND only, so (F.event_type == 'model') | (F('metadata.cost') > 1) "
            + MERGE,
        ),
        (
            lambda: (ONE & TWO) | 5,
            "the API joins filters by AND only, so ((F.event_type == 'model') & (F('metadata.cost') "
            "> 1)) | (5) " + MERGE,
        ),
        (
            lambda: bool(ONE),
            (
                "F.event_type == 'model' is a condition for the service, not a truth value: join "
                "conditions with &, each in parentheses, instead of `and`, `or`, `not`, `in` or a "
                "chained comparison"
            ),
        ),
        (
            lambda: bool(ONE & F.error.exists()),
            (
                "(F.event_type == 'model') & F.error.exists() is a condition for the service, not a "
                "truth value: pass it to search()"
            ),
        ),
        (lambda: F.event_type & ONE, "F.event_type is a field, not a condition: compare it, such as "),
        (lambda: bool(F("x")), f"F('x').exists(), {COMPARE}"),
        (lambda: ~F("x"), f"compare it, such as F('x') == 'x' or F('x').exists(), {COMPARE}"),
        (lambda: "m" in F("x"), "`in` cannot be asked of the service: write F('x').contains('m')"),
    ],
)
def test_what_joins_filters_wrongly_is_told_the_right_way(write: Callable[[], object], says: str) -> None:
    assert says in refusal(write)


@pytest.mark.parametrize(
    ("one", "instead"),
    [
        (F.error == "x", "write != instead"),
        (F.error != "x", "write == instead"),
        (F.error.exists(), "write .not_exists() instead"),
        (F.error.not_exists(), "write .exists() instead"),
        (F.error.contains("x"), "write .not_contains instead"),
        (F.error.not_contains("x"), "write .contains instead"),
        (F.duration > 1, "there is no opposite of it in the API"),
        (F.duration < 1, "there is no opposite of it in the API"),
        (F.start_time.after(NOON), "there is no opposite of it in the API"),
    ],
)
def test_a_negated_filter_is_told_its_opposite(one: Filter, instead: str) -> None:
    assert refusal(lambda: ~one) == f"the API has no NOT, so ~({one!r}) cannot be asked: {instead}"


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda: F("x") >= 3, "the API has no >=: for whole numbers write F('x') > 2"),
        (lambda: F("x") <= 3, "the API has no <=: for whole numbers write F('x') < 4"),
        (lambda: F("x") >= 0.5, "the API has no >=: write F('x') > 0.49999999999999994, the next number"),
        (lambda: F("x") <= 0.5, "the API has no <=: write F('x') < 0.5000000000000001, the next number"),
        (lambda: F("x") >= NOON, "the API has no >=: write > with a value a little lower"),
        (lambda: F("x") <= NOON, "the API has no <=: write < with a value a little higher"),
        (lambda: F("x") <= True, "the API has no <=: write < with a value a little higher"),
    ],
)
def test_an_inclusive_comparison_is_told_the_strict_one(write: Callable[[], object], says: str) -> None:
    assert refusal(write) == says


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            [1],
            (
                "a filter cannot hold a list: the API compares with one value. Run one search for "
                "each, or compare on what they share"
            ),
        ),
        (
            {1: 1},
            'a filter cannot hold a dict: compare a value inside it, such as F("metadata.model") == "small"',
        ),
        (
            date(2026, 1, 1),
            (
                "a filter cannot hold a date: write a datetime with a time zone, such as "
                "datetime(2026, 1, 2, tzinfo=UTC)"
            ),
        ),
        (
            datetime(2026, 1, 1),  # noqa: DTZ001
            (
                "datetime.datetime(2026, 1, 1, 0, 0) has no time zone, so it names no moment: write "
                "datetime(..., tzinfo=UTC) or moment.astimezone()"
            ),
        ),
        (b"a", "a filter cannot hold a bytes: write value.decode()"),
        (
            object,
            (
                "a filter cannot hold a type: it takes str, int, float, bool, None, datetime, UUID, Enum "
                "and Decimal"
            ),
        ),
        (float("nan"), "nan is not a JSON number, so no event holds it"),
        (float("-inf"), "-inf is not a JSON number, so no event holds it"),
        (
            2**64,
            (
                "18446744073709551616 does not fit 64 bits, so JSON would change it: write float(...) or "
                "str(...)"
            ),
        ),
        ("\ud800", r"'\ud800' holds half a character (a lone surrogate), which JSON cannot"),
    ],
)
def test_a_value_that_no_filter_holds_is_told_what_to_write(value: object, says: str) -> None:
    assert refusal(lambda: F("x") == value) == says


def test_the_largest_whole_numbers_that_json_keeps_can_be_asked_for() -> None:
    assert (F("x") == 2**64 - 1).value == 2**64 - 1
    assert (F("x") == 1 - 2**64).value == 1 - 2**64
    assert "64 bits" in refusal(lambda: F("x") == -(2**64))


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (
            lambda: F("x") > Decimal(1),
            (
                "Decimal('1') cannot be compared by 'greater than': a Decimal is stored as text. For "
                "numbers write float(...)"
            ),
        ),
        (lambda: F(), 'a field is named by its path, such as F("metadata.cost"), not by ()'),
        (lambda: F("x", ""), "a field is named by its path, such as F(\"metadata.cost\"), not by ('x', '')"),
        (lambda: F(5), 'a field is named by its path, such as F("metadata.cost"), not by (5,)'),  # type: ignore[arg-type]
        (lambda: F("x").where("IS", 1), "the API has no operator 'IS': there are " + OPERATORS),
        (
            lambda: F("x").where("grater than", 1),
            "the API has no operator 'grater than': did you mean 'greater than'?",
        ),
        (
            lambda: F("x").where("is", 1, type="q"),
            "the API has no type 'q': there are boolean, datetime, number, string",
        ),
        (
            lambda: F("x").where("is", 1, type="nmber"),
            "the API has no type 'nmber': did you mean 'number'?",
        ),
        (
            lambda: as_filters([{"field": "x", "operator": "is", "valeu": 1}]),
            "the API has no property of a filter named 'valeu': did you mean 'value'?",
        ),
        (
            lambda: as_filters([{"field": "x", "operator": "is"}]),
            "the filter {'field': 'x', 'operator': 'is'} lacks value",
        ),
        (lambda: as_filters([{}]), "the filter {} lacks field and operator and value"),
        (
            lambda: as_filters([{"operator": "exists"}]),
            "the filter {'operator': 'exists'} lacks field and value",
        ),
        (
            lambda: as_filters([{"field": "", "operator": "is", "value": 1}]),
            "the field of a filter is its dotted path as text, not ''",
        ),
        (
            lambda: as_filters([{"field": 5, "operator": "is", "value": 1}]),
            "the field of a filter is its dotted path as text, not 5",
        ),
        (lambda: as_filters([[ONE]]), "pass several filters one by one: search(*filters)"),  # type: ignore[list-item]
        (
            lambda: as_filters(["model"]),  # type: ignore[list-item]
            (
                "'model' is not a condition: compare a field, such as F.event_type == 'model' or "
                "F.error.exists(), each in parentheses where & joins them; or write a dict with "
                "field, operator and value"
            ),
        ),
        (lambda: F.start_time.after(1e30), "1e+30 Unix ms lies beyond the years 1 to 9999"),
    ],
)
def test_a_filter_that_cannot_be_built_says_why(write: Callable[[], object], says: str) -> None:
    assert refusal(write) == says


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("evnt_type", "events have no field 'evnt_type': did you mean F.event_type?"),
        ("org", "events have no field 'org': for another field write F(\"org\")"),
    ],
)
def test_an_unknown_field_is_told_the_nearest_one(name: str, says: str) -> None:
    with pytest.raises(AttributeError) as raised:
        getattr(F, name)
    assert str(raised.value) == says


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda: F("evnt_name") == "x", "no event has a field 'evnt_name'; did you mean 'event_name'?"),
        (lambda: F("metdata.a.b") == 1, "no event has a field 'metdata'; did you mean 'metadata'?"),
        (
            lambda: F("x").before("soon"),
            "'before' compares moments, and 'soon' is none: write an aware datetime, or > and < for numbers",
        ),
        (lambda: F("metdata.cost") > 1, "no event has a field 'metdata'; did you mean 'metadata'?"),
        (
            lambda: F("x").after(5),
            "'after' compares moments, and 5 is none: write an aware datetime, or > and < for numbers",
        ),
        (lambda: F("x") > True, "'greater than' compares numbers, and True is none"),
        (lambda: F("x").where("less than", None), "'less than' compares numbers, and None is none"),
        (lambda: F("x").contains(5), "'contains' looks for text inside text, and 5 is none"),
        (lambda: F("x").not_contains(5), "'not contains' looks for text inside text, and 5 is none"),
        (lambda: F("x").where("is", 5, type="string"), "5 is not of type 'string'"),
        (lambda: F("x").where("is", "5", type="number"), "'5' is not of type 'number'"),
        (lambda: F("x").where("is", True, type="number"), "True is not of type 'number'"),
        (lambda: F("x").where("is", 1, type="boolean"), "1 is not of type 'boolean'"),
        (lambda: F("x").where("is", 1, type="datetime"), "1 is not of type 'datetime'"),
        (
            lambda: F.event_type == "modle",
            "no event_type 'modle' is known; there are chain, model, session, tool",
        ),
        (
            lambda: as_filters([F.source == "b", F.source == "a"]),
            "source cannot be 'a' and 'b' at once",
        ),
        (lambda: as_filters([F.source == "a", F.source != "a"]), "source cannot be and not be 'a'"),
        (
            lambda: as_filters([F.duration > 5, F.duration > 3, F.duration < 9, F.duration < 5]),
            "duration cannot be above 5 and below 5",
        ),
        (
            lambda: as_filters([F("a.b").contains("x"), F("a.b").not_exists()]),
            "a.b cannot both be missing and have a value",
        ),
        (
            lambda: as_filters([F("a.b").exists(), F("a.b").not_exists()]),
            "a.b cannot both be missing and have a value",
        ),
        (
            lambda: as_filters([F("a.b") == 1, F("a.b").not_exists()]),
            "a.b cannot both be missing and have a value",
        ),
    ],
)
def test_a_warning_names_the_filter_and_why_it_matches_nothing(
    write: Callable[[], object], reason: str
) -> None:
    with pytest.warns(FilterWarning) as caught:
        write()
    filter_text, _, said = str(caught[0].message).partition(" matches nothing: ")
    assert said == reason
    assert filter_text.startswith(("F", "("))


@pytest.mark.parametrize(
    "write",
    [
        lambda: F("x").where("is", True, type="boolean"),
        lambda: F("x").where("is", 5, type="number"),
        lambda: F("x").where("is", None, type="string"),
        lambda: F("x").after("2026-01-01T00:00:00Z"),
        lambda: F("x").where("greater than", "1.2"),
        lambda: F.event_type != "modle",
        lambda: F("event_type.x") == "modle",
        lambda: F("zebra") == 1,
        lambda: F("event") == 1,  # a little like event_id: a name of its own all the same
        lambda: as_filters([F.duration > 4, F.duration < 5]),
        lambda: as_filters([F.source == "a", F.source != "b"]),
        lambda: as_filters([F.source == "a", F.source == "a"]),
        lambda: as_filters([F.start_time == NOON, F.start_time == NOON.replace(hour=13)]),
        lambda: as_filters([F("a").not_exists(), F("a") != 5]),
        lambda: as_filters([F("a").not_exists(), F("a").not_contains("x")]),
        lambda: as_filters([F("a").not_exists(), F("b").exists()]),
        lambda: as_filters([F.duration > 5, F.start_time < 5]),
    ],
)
def test_a_filter_that_may_match_is_not_warned_about(
    write: Callable[[], object], recwarn: pytest.WarningsRecorder
) -> None:
    write()
    assert not recwarn.list


def test_fields_filters_and_f_show_how_they_are_written() -> None:
    assert repr(F) == "F"
    assert set(dir(F)) >= {"event_type", "metadata", "start_time"}
    assert "additional_properties" not in dir(F)
    assert repr(F("event_type")) == "F.event_type"
    assert repr(F("event_type", "x")) == "F('event_type', 'x')"
    assert repr(F("x").where("is", None)) == "F('x').where('is', None, type=None)"
    assert repr(F("x").where("exists", 1)) == "F('x').where('exists', 1, type='number')"
    assert repr(F("x").where("exists", None, type="string")) == "F('x').where('exists', None, type='string')"
    assert repr(Filter(("x",), "is", 5, "string")) == "F('x').where('is', 5, type='string')"
    assert repr(F("x").after(NOON)) == "F('x').after('2026-01-01T12:00:00.000Z')"
    assert repr((F("x") == 1) & F("y").exists() & (F("z") != "a")) == (
        "(F('x') == 1) & F('y').exists() & (F('z') != 'a')"
    )


def test_fields_and_filters_are_hashed_by_what_they_say() -> None:
    assert hash(F("a", "b")) == hash(F("a", "b"))
    assert len({hash(F(name)) for name in "abcdef"}) > 1
    assert len({hash(F(name) == 1) for name in "abcdef"}) > 1


def test_a_moment_is_written_in_utc_wherever_the_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert F("x").after(NOON).value == "2026-01-01T12:00:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_joined_filters_keep_the_order_in_which_they_are_written() -> None:
    wire = {"field": "source", "operator": "is", "value": "web", "type": "string"}
    web = F.source == "web"
    assert (wire & (ONE & TWO)).filters == (web, ONE, TWO)
    assert ((ONE & TWO) & wire).filters == (ONE, TWO, web)
    assert (wire & ONE).filters == (web, ONE)
    assert (ONE & wire).filters == (ONE, web)
