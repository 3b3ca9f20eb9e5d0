"""The messages of `F`, word for word: an error or a warning must say what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters import F, Filter, FilterWarning, as_filters

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ONE, TWO = F.event_type == "model", F("metadata.cost") > 1
MERGE = "is not possible: run one search for each and merge the results by event_id"
COMPARE = "and put each comparison in parentheses if & joins them"
OPERATORS = "after, before, contains, exists, greater than, is, is not, less than, not contains, not exists"

# Most of these tests are about values and operators; their fields have short names.
pytestmark = pytest.mark.filterwarnings("ignore:.*events have no field '.':honeyhive_ext.FilterWarning")


def message(write: Callable[[], object]) -> str:
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
        (lambda: "m" in F("x"), "the API has no `in`: write F('x').contains('m')"),
    ],
)
def test_the_error_of_a_wrong_join_says_the_right_way(write: Callable[[], object], says: str) -> None:
    assert says in message(write)


@pytest.mark.parametrize(
    ("one", "instead"),
    [
        (F.error == "x", "write != instead"),
        (F.error != "x", "write == instead"),
        (F.error.exists(), "write .not_exists() instead"),
        (F.error.not_exists(), "write .exists() instead"),
        (F.error.contains("x"), "write .not_contains instead"),
        (F.error.not_contains("x"), "write .contains instead"),
        (F.duration > 1, "the API has no opposite of it"),
        (F.duration < 1, "the API has no opposite of it"),
        (F.start_time.after(NOON), "the API has no opposite of it"),
    ],
)
def test_the_error_of_a_negated_filter_says_its_opposite(one: Filter, instead: str) -> None:
    assert message(lambda: ~one) == f"the API has no NOT, so ~({one!r}) is not possible: {instead}"


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
def test_the_error_of_an_inclusive_comparison_says_the_strict_one(
    write: Callable[[], object], says: str
) -> None:
    assert message(write) == says


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (
            [1],
            (
                "a filter cannot hold a list: the API compares with one value. Run one search for "
                "each value, or filter by what they share"
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
                "datetime.datetime(2026, 1, 1, 0, 0) has no time zone, so its time is not known: write "
                "datetime(..., tzinfo=UTC) or value.astimezone()"
            ),
        ),
        (Decimal("NaN"), "Decimal('NaN') is not a JSON number, so no event holds it"),
        (
            np.zeros(1, "m8")[0],  # of no unit: numpy warns of any other way to make one
            "np.timedelta64(0) has no length in milliseconds: write a datetime.timedelta",
        ),
        (
            object,
            (
                "a filter cannot hold a type: give a str, int, float, bool, None, datetime, UUID, Enum "
                "or Decimal"
            ),
        ),
        (float("nan"), "nan is not a JSON number, so no event holds it"),
        (float("-inf"), "-inf is not a JSON number, so no event holds it"),
        (
            2**64,
            (
                "18446744073709551616 does not fit in 64 bits, so JSON would change it: write float(...) or "
                "str(...)"
            ),
        ),
        ("\ud800", r"'\ud800' has a lone surrogate at character 0, which UTF-8 cannot hold"),
    ],
)
def test_the_error_of_an_impossible_value_says_what_to_write(value: object, says: str) -> None:
    assert message(lambda: F("x") == value) == says


def test_a_filter_can_have_the_largest_whole_numbers_that_json_keeps() -> None:
    assert (F("x") == 2**64 - 1).value == 2**64 - 1
    assert (F("x") == 1 - 2**64).value == 1 - 2**64
    assert "64 bits" in message(lambda: F("x") == -(2**64))


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (
            lambda: F("x") > Decimal(1),
            (
                "Decimal('1') cannot be compared by 'greater than', because a Decimal is stored as a string: "
                "write float(...)"
            ),
        ),
        (lambda: F(), 'a field needs a path of strings, such as F("metadata.cost"), not ()'),
        (lambda: F("x", ""), "a field needs a path of strings, such as F(\"metadata.cost\"), not ('x', '')"),
        (lambda: F(5), 'a field needs a path of strings, such as F("metadata.cost"), not (5,)'),  # type: ignore[arg-type]
        (lambda: F("x").where("like", 1), "the API has no operator 'like': there are " + OPERATORS),
        (lambda: F("x").where("IS", 1), "the API has no operator 'IS': did you mean 'is'?"),
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
            "the API has no filter property 'valeu': did you mean 'value'?",
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
            "the field of a filter is a dotted path, such as 'metadata.cost', not ''",
        ),
        (
            lambda: as_filters([{"field": 5, "operator": "is", "value": 1}]),
            "the field of a filter is a dotted path, such as 'metadata.cost', not 5",
        ),
        (lambda: as_filters([[ONE]]), "pass several filters one by one: search(*filters)"),  # type: ignore[list-item]
        (
            lambda: as_filters([5]),  # type: ignore[list-item]
            (
                "5 is not a condition: compare a field, such as F.event_type == 'model' or "
                "F.error.exists(), each in parentheses if & joins them; or write the conditions as text, or "
                "a dict with field, operator and value"
            ),
        ),
        (lambda: F.start_time.after(1e30), "1e+30 Unix ms is outside the years 1 to 9999"),
    ],
)
def test_the_error_of_an_impossible_filter_says_why(write: Callable[[], object], says: str) -> None:
    assert message(write) == says


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("evnt_type", "events have no field 'evnt_type': did you mean F.event_type?"),
        ("org", "events have no field 'org': for another field write F(\"org\")"),
    ],
)
def test_the_error_of_an_unknown_field_says_the_nearest_one(name: str, says: str) -> None:
    with pytest.raises(AttributeError) as raised:
        getattr(F, name)
    assert str(raised.value) == says


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda: F("evnt_name") == "x", "events have no field 'evnt_name': did you mean 'event_name'?"),
        (lambda: F("metdata.a.b") == 1, "events have no field 'metdata': did you mean 'metadata'?"),
        (
            lambda: F("x").before("soon"),
            (
                "'before' compares times, and 'soon' is not a time: "
                "write an aware datetime, or > and < for numbers"
            ),
        ),
        (lambda: F("metdata.cost") > 1, "events have no field 'metdata': did you mean 'metadata'?"),
        (
            lambda: F("x").after(5),
            "'after' compares times, and 5 is not a time: write an aware datetime, or > and < for numbers",
        ),
        (
            lambda: F("cost") > 1,
            "events have no field 'cost': write the whole path, such as F(\"metadata.cost\")",
        ),
        (
            lambda: F("usage", "total.tokens") == 1,
            "events have no field 'usage': write the whole path, such as F(\"metadata.usage.total.tokens\")",
        ),
        (
            lambda: F("event") == 1,  # too different from event_id to be a typing error
            "events have no field 'event': write the whole path, such as F(\"metadata.event\")",
        ),
        (lambda: F("x") > True, "'greater than' compares numbers, and True is not a number"),
        (lambda: F("x").where("less than", None), "'less than' compares numbers, and None is not a number"),
        (lambda: F("x").contains(5), "'contains' looks for a string in a string, and 5 is not a string"),
        (
            lambda: F("x").not_contains(5),
            "'not contains' looks for a string in a string, and 5 is not a string",
        ),
        (lambda: F("x").where("is", 5, type="string"), "5 is not of type 'string'"),
        (lambda: F("x").where("is", "5", type="number"), "'5' is not of type 'number'"),
        (lambda: F("x").where("is", True, type="number"), "True is not of type 'number'"),
        (lambda: F("x").where("is", 1, type="boolean"), "1 is not of type 'boolean'"),
        (lambda: F("x").where("is", 1, type="datetime"), "1 is not of type 'datetime'"),
        (
            lambda: F.event_type == "modle",
            "there is no event_type 'modle', only chain, model, session, tool",
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
            lambda: as_filters([F("config.b").contains("x"), F("config.b").not_exists()]),
            "config.b cannot both be missing and have a value",
        ),
        (
            lambda: as_filters([F("config.b").exists(), F("config.b").not_exists()]),
            "config.b cannot both be missing and have a value",
        ),
        (
            lambda: as_filters([F("config.b") == 1, F("config.b").not_exists()]),
            "config.b cannot both be missing and have a value",
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
        lambda: F("config.x").where("is", True, type="boolean"),
        lambda: F("config.x").where("is", 5, type="number"),
        lambda: F("config.x").where("is", None, type="string"),
        lambda: F("config.x").after("2026-01-01T00:00:00Z"),
        lambda: F("config.x").where("greater than", "1.2"),
        lambda: F.event_type != "modle",
        lambda: F("cost") != 1,  # every event without the field matches
        lambda: F("cost").not_contains("x"),
        lambda: F("event_type.x") == "modle",
        lambda: as_filters([F.duration > 4, F.duration < 5]),
        lambda: as_filters([F.source == "a", F.source != "b"]),
        lambda: as_filters([F.source == "a", F.source == "a"]),
        lambda: as_filters([F.start_time == NOON, F.start_time == NOON.replace(hour=13)]),
        lambda: as_filters([F("config.a").not_exists(), F("config.a") != 5]),
        lambda: as_filters([F("config.a").not_exists(), F("config.a").not_contains("x")]),
        lambda: as_filters([F("config.a").not_exists(), F("config.b").exists()]),
        lambda: as_filters([F.duration > 5, F.start_time < 5]),
    ],
)
def test_there_is_no_warning_about_a_filter_that_may_match(
    write: Callable[[], object], recwarn: pytest.WarningsRecorder
) -> None:
    write()
    assert not recwarn.list
