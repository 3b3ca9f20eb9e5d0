"""`F` builds the filters of the API; for other conditions the error says what to write instead."""

from __future__ import annotations

import copy
import json
import pickle
import time
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_network
from pathlib import PurePosixPath
from types import FunctionType
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from honeyhive_client.models import EventFilter

from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters import F, Filter, FilterWarning, as_filters
from honeyhive_ext.serialize.dumps import to_json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_TEXT = "2026-01-01T12:00:00.000Z"
ID = UUID("7f22137a-6911-4ed3-bc36-110f1dde6b66")

# These tests are about other things than names; their fields have short ones.
pytestmark = pytest.mark.filterwarnings("ignore:.*events have no field '.':honeyhive_ext.FilterWarning")


class Kind(Enum):
    MODEL = "model"
    NOON = NOON_TEXT


@pytest.mark.parametrize(
    ("write", "operator", "value", "type_"),
    [
        (lambda: F("a") == "x", "is", "x", "string"),
        (lambda: F("a") != "x", "is not", "x", "string"),
        (lambda: F("a") > 5, "greater than", 5, "number"),
        (lambda: F("a") < 0.5, "less than", 0.5, "number"),
        (lambda: F("a").contains("x"), "contains", "x", "string"),
        (lambda: F("a").not_contains("x"), "not contains", "x", "string"),
        (lambda: F("a").exists(), "exists", None, None),
        (lambda: F("a").not_exists(), "not exists", None, None),
        (lambda: F("a").after(NOON), "after", NOON_TEXT, "datetime"),
        (lambda: F("a").before(NOON), "before", NOON_TEXT, "datetime"),
        (lambda: F("a") > NOON, "after", NOON_TEXT, "datetime"),
        (lambda: F("a") < NOON, "before", NOON_TEXT, "datetime"),
        (lambda: F("a") == NOON, "is", NOON_TEXT, "datetime"),
        (lambda: F("a").after("2026-01-01T13:00:00+01:00"), "after", "2026-01-01T13:00:00+01:00", "datetime"),
        (lambda: F("a") == NOON.astimezone(timezone(timedelta(hours=-8))), "is", NOON_TEXT, "datetime"),
        (lambda: F("a") == NOON.replace(microsecond=1), "is", "2026-01-01T12:00:00.000001Z", "datetime"),
        (lambda: F("a") == NOON.replace(microsecond=2000), "is", "2026-01-01T12:00:00.002Z", "datetime"),
        (lambda: F("a") == NOON.replace(microsecond=1001), "is", "2026-01-01T12:00:00.001001Z", "datetime"),
        (lambda: F.start_time.after(1_767_268_800_000), "after", NOON_TEXT, "datetime"),
        (lambda: F.start_time.after(0), "after", "1970-01-01T00:00:00.000Z", "datetime"),
        (lambda: F.start_time > 1_767_268_800_000, "greater than", 1_767_268_800_000, "number"),
        (lambda: F("a") == ID, "is", str(ID), "string"),
        (lambda: F("a") == Kind.MODEL, "is", "model", "string"),
        (lambda: F("a").after(Kind.NOON), "after", NOON_TEXT, "datetime"),
        (lambda: F("a") == True, "is", True, "boolean"),  # noqa: E712
        (lambda: F("a") == None, "not exists", None, None),  # noqa: E711
        (lambda: F("a") != None, "exists", None, None),  # noqa: E711
        (lambda: F("a") == Decimal("0.10"), "is", "0.10", "string"),
    ],
)
def test_every_operator_and_value_becomes_what_the_api_takes(
    write: Callable[[], Filter], operator: str, value: object, type_: str | None
) -> None:
    built = write()
    assert (built.operator, built.value, built.type) == (operator, value, type_)


def test_a_key_with_dots_is_given_as_one_argument() -> None:
    built = F("metadata", "gen_ai.usage.input_tokens") > 5
    assert built.path == ("metadata", "gen_ai.usage.input_tokens")
    assert built.to_dict()["field"] == "metadata.gen_ai.usage.input_tokens"


def test_attributes_are_the_fields_of_an_event_and_nothing_else() -> None:
    assert F.event_type.path == ("event_type",)
    with pytest.raises(AttributeError, match=r"F\.event_type"):
        F.evnt_type  # noqa: B018
    with pytest.raises(AttributeError, match=r'F\("org"\)'):
        F.org  # noqa: B018


ONE, TWO = F.event_type == "model", F("metadata.cost") > 1


@pytest.mark.parametrize(
    ("write", "instead"),
    [
        (lambda: ONE | TWO, "merge the results by event_id"),
        (lambda: ONE | {"field": "a"}, "merge the results"),
        (lambda: (ONE & TWO) | ONE, "merge the results"),
        (lambda: bool(ONE), "join conditions with &"),
        (lambda: ONE and TWO, "join conditions with &"),
        (lambda: not (ONE & TWO), r"pass it to search\(\)"),
        (lambda: 0 < F("x") < 5, "chained comparison"),
        (lambda: ~ONE, "write != instead"),
        (lambda: ~F.error.exists(), r"write \.not_exists\(\) instead"),
        (lambda: ~TWO, "no opposite"),
        (lambda: F("x") >= 0.5, r"F\('x'\) > 0\.49999999999999994"),
        (lambda: F("x") >= 3, r"F\('x'\) > 2"),
        (lambda: F("x") <= 3, r"F\('x'\) < 4"),
        (lambda: F("x") <= NOON, "a little higher"),
        (lambda: "m" in F("x"), r"F\('x'\)\.contains\('m'\)"),
        (lambda: F("x") in [1, 2], "`in`"),
        (lambda: bool(F("x")), r"\.exists\(\)"),
        (lambda: F.event_type & ONE, "compare it"),
        (lambda: ONE & F.error, "compare a field"),
        (lambda: F("x") == [1], "one search for each"),
        (lambda: F("x") == {"a": 1}, "compare a value inside it"),
        (lambda: F("x") == date(2026, 1, 1), "datetime with a time zone"),
        (lambda: F("x") == datetime(2026, 1, 1), "no time zone"),  # noqa: DTZ001
        (lambda: F("x").contains(b"a"), r"value\.decode\(\)"),
        (lambda: F("x") == float("nan"), "not a JSON number"),
        (lambda: F("x") == 2**64, "64 bits"),
        (lambda: F("x") == "\ud800", "lone surrogate"),
        (lambda: F("x") > Decimal(1), r"float\("),
        (lambda: F(), "path"),
        (lambda: F(""), "path"),
        (lambda: F("x").where("grater than", 1), "'greater than'"),
        (lambda: F("x").where("is", 1, type="nmber"), "'number'"),
        (lambda: as_filters([{"field": "x", "operator": "is", "valeu": 1}]), "'value'"),
        (lambda: as_filters([{"field": "x", "operator": "is"}]), "lacks value"),
        (lambda: as_filters([{"field": 5, "operator": "is", "value": 1}]), "dotted path"),
        (lambda: as_filters([[ONE]]), r"search\(\*filters\)"),  # type: ignore[list-item]
        (lambda: as_filters([5]), "compare a field"),  # type: ignore[list-item]
        (lambda: as_filters(["model"]), "an operator is missing after model"),
    ],
)
def test_a_condition_that_the_api_does_not_have_raises_with_what_to_write(
    write: Callable[[], object], instead: str
) -> None:
    with pytest.raises(QueryError, match=instead):
        write()


def test_a_field_cannot_be_iterated_or_changed() -> None:
    with pytest.raises(TypeError):
        list(F("x"))  # type: ignore[call-overload]
    with pytest.raises(AttributeError):
        F("x").path = ("y",)


def test_and_joins_filters_dicts_and_models_alike() -> None:
    wire = {"field": "source", "operator": "is", "value": "web", "type": "string"}
    model = EventFilter("source", "is", "web", "string")
    joined = ONE & wire & (TWO & model)
    assert as_filters([joined]) == (ONE, F.source == "web", TWO, F.source == "web")
    assert as_filters([wire & ONE]) == (F.source == "web", ONE)
    assert as_filters([ONE, wire, model]) == (ONE, F.source == "web", F.source == "web")
    assert as_filters([{"field": "x", "operator": "exists"}]) == (F("x").exists(),)
    assert as_filters([]) == ()


def test_fields_and_filters_can_be_copied_and_pickled() -> None:
    one = (F("a", "b.c") > 1) & F.error.exists()
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one
    assert copy.deepcopy(F("a", "b")).path == pickle.loads(pickle.dumps(F("a", "b"))).path == ("a", "b")


def test_filters_are_equal_and_hash_by_their_json() -> None:
    assert (F("a.b") == 1) == (F("a", "b") == 1)
    assert len({F("a") == 1, F("a") == 1, F("a") == True, F("a") == "1"}) == 3  # noqa: E712
    assert (F("a") == 1) != (F("a") == 2)
    assert ONE & TWO == ONE & TWO
    assert hash(ONE & TWO) == hash(ONE & TWO)
    assert ONE != "model"


@pytest.mark.parametrize(
    "write",
    [
        lambda: F("metadata.cost").after(5),
        lambda: F("metadata.when").before("soon"),
        lambda: F("metadata.when").after("2026-01-01T00:00:00"),
        lambda: F("metadata.cost") > True,
        lambda: F("metadata.cost").contains(5),
        lambda: F.event_type == "modle",
        lambda: F("metdata.cost") > 1,
        lambda: F("x").where("is", 5, type="string"),
        lambda: as_filters([{"field": "x", "operator": "after", "value": 5}]),
        lambda: as_filters([F.source == "a", F.source == "b"]),
        lambda: as_filters([(F.source == "a") & (F.source != "a")]),
        lambda: as_filters([F.duration > 5, F.duration < 5]),
        lambda: as_filters([F("a.b").exists(), F("a.b").not_exists()]),
    ],
)
def test_the_warning_about_a_filter_that_cannot_match_points_at_its_line(write: FunctionType) -> None:
    with pytest.warns(FilterWarning, match="matches nothing") as caught:
        write()
    assert (caught[0].filename, caught[0].lineno) == (__file__, write.__code__.co_firstlineno)


def test_code_without_a_module_gets_the_warning_too() -> None:
    with pytest.warns(FilterWarning, match="matches nothing"):
        exec("F('x').after(5)", {"F": F})


def test_a_path_through_an_array_may_have_two_values() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        role = F("inputs.messages.role")
        assert len(as_filters([role == "user", role == "assistant", F("config.x") > "1.2"])) == 3


def test_the_repr_of_fields_and_filters_is_how_they_are_written() -> None:
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


def test_a_time_is_sent_in_utc_whatever_the_machine_s_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize(
    ("value", "expected", "kind"),
    [
        (np.bool_(True), True, "boolean"),
        (np.int64(3), 3, "number"),
        (np.uint8(3), 3, "number"),
        (np.uint64(2**64 - 1), 2**64 - 1, "number"),
        (np.float32(1.5), 1.5, "number"),
        (np.float64(1.5), 1.5, "number"),
        (np.float16(1.5), 1.5, "number"),
        (np.str_("t3"), "t3", "string"),
        (np.datetime64("2026-01-01T12:00:00.001", "ms"), "2026-01-01T12:00:00.001", "string"),
        (timedelta(seconds=1.5), 1500.0, "number"),
        (np.timedelta64(1500, "ms").item(), 1500.0, "number"),
        (PurePosixPath("/tmp/x"), "/tmp/x", "string"),
        (IPv4Address("127.0.0.1"), "127.0.0.1", "string"),
        (IPv6Address("::1"), "::1", "string"),
    ],
)
@pytest.mark.parametrize("operator", ["is", "is not"])
def test_a_filter_takes_a_value_as_an_event_holds_it(
    value: Any, expected: object, kind: str, operator: str
) -> None:
    one = F.metadata.where(operator, value).to_dict()
    assert (type(one["value"]), one["value"], one["type"]) == (type(expected), expected, kind)
    assert json.loads(to_json({"metadata": value})) == {"metadata": expected}


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_every_cell_of_a_frame_of_values_goes_into_a_filter(library: str) -> None:
    values = {"n": [1, 2], "x": [0.5, 1.5], "ok": [True, False], "tag": ["a", "b"], "at": [NOON, NOON]}
    frame = pytest.importorskip(library).DataFrame(values)
    for name, (first, _) in values.items():
        found = (F(f"metrics.{name}") == frame[name][0]).to_dict()
        assert found == (F(f"metrics.{name}") == first).to_dict()


@pytest.mark.parametrize("missing", [pd.NA, pd.NaT, np.datetime64("NaT", "ms")])
@pytest.mark.parametrize("operator", ["is", "greater than", "after"])
def test_what_stands_for_a_missing_value_is_refused_with_what_to_write(missing: Any, operator: str) -> None:
    with pytest.raises(QueryError, match="not_exists"):
        F.metadata.where(operator, missing)


@pytest.mark.parametrize("value", [np.complex128(1), np.void(b"x"), np.array([1])])
def test_what_no_event_holds_is_refused(value: Any) -> None:
    with pytest.raises(QueryError, match="a filter cannot hold a"):
        F.metadata.where("is", value)


@pytest.mark.parametrize("field", ["event_id", "session_id", "parent_id", "children_ids"])
@pytest.mark.parametrize("form", [f"{{{ID}}}", ID.urn, ID.urn.upper(), ID.hex, ID.hex.upper()])
def test_an_id_is_compared_in_the_form_in_which_events_hold_it(field: str, form: str) -> None:
    assert (F(field) == form).value == str(ID)
    assert (F(field) != form).value == str(ID)
    assert as_filters([{"field": field, "operator": "is", "value": form}])[0].value == str(ID)


def test_a_text_that_is_no_id_is_compared_as_it_is() -> None:
    assert (F("event_id") == str(ID).upper()).value == str(ID).upper()
    assert (F("event_id") == "{not an id}").value == "{not an id}"
    assert (F("event_name") == ID.hex).value == ID.hex
    assert (F("metadata.session_id") == ID.urn).value == ID.urn


@pytest.mark.parametrize(
    ("value", "held"),
    [
        (b"\x00\xff", "AP8="),
        (bytearray(b"x"), "eA=="),
        (np.bytes_(b"x"), "eA=="),
        (ip_network("10.0.0.0/8"), "10.0.0.0/8"),
        (ip_network("::/8"), "::/8"),
        (np.timedelta64(2, "s"), 2000),
        (np.timedelta64(1500, "us"), 1.5),
    ],
    ids=repr,
)
def test_a_filter_compares_with_what_an_event_holds(value: Any, held: Any) -> None:
    assert json.loads(to_json(value)) == held
    for built in (F.metadata == value, F.metadata != value):
        assert (built.value, type(built.value)) == (held, type(held))
