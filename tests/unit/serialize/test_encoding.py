"""Values become strict JSON, or are refused with their path, or replaced."""

from __future__ import annotations

import sys
import threading
from typing import Any

import orjson
import pytest

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.dumps import to_json
from honeyhive_ext.serialize.encoders import REPR_LIMIT, stand_in
from honeyhive_ext.serialize.to_builtins import MAX_DEPTH, to_builtins
from tests.support.strict import strict
from tests.support.values import MALFORMED, Celsius, RaisingRepr, Step, cycle, deep, deep_dicts


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_value_is_refused_with_its_path(name: str) -> None:
    value = MALFORMED[name]()
    with pytest.raises(EventError) as caught:
        to_json({"inputs": {"messages": [0, {"the.score": value}]}})
    assert caught.value.path.startswith('inputs.messages[1]["the.score"]')
    assert caught.value.reason
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize("mode", ["repr", "null"])
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_value_is_replaced_and_its_neighbours_stay(name: str, mode: OnUnserializable) -> None:
    written = strict(to_json({"inputs": [1, MALFORMED[name](), "ü"]}, mode))
    assert written["inputs"][::2] == [1, "ü"]
    assert len(str(written)) < 8 * REPR_LIMIT


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": float("nan")}, "a"),
        ({"a": [0, float("nan")]}, "a[1]"),
        ({"a": [[0], [0, [0, object()]]]}, "a[1][1][1]"),
        ({"messages": [{}, {}, {}, {"score": 2**70}]}, "messages[3].score"),
        ({"a": (1, {2: object()})}, 'a[1]["2"]'),
        ({"a": {"b c": {"d": object()}}}, 'a["b c"].d'),
        ({"a": {"": object()}}, 'a[""]'),
        ({"a": {(1,): 1}}, "a[(1,)]"),
        ({"a": {None: 1, "null": 2}}, "a[None]"),
        ({"a": {"\udc80": 1}}, r'a["\\udc80"]'),
        ({"a": Step("x", after=[object()])}, "a.after[0]"),
        ({"a": {frozenset(), (object(),)}}, "a[*][0]"),
        (object(), ""),
    ],
)
def test_the_path_leads_to_the_value(value: Any, path: str) -> None:
    with pytest.raises(EventError) as caught:
        to_json(value)
    assert caught.value.path == path


def test_a_long_path_is_cut_in_its_middle() -> None:
    with pytest.raises(EventError) as caught:
        to_json(deep_dicts(5_000))
    assert "..." in caught.value.path
    assert len(caught.value.path) < 500


@pytest.mark.parametrize("make", [deep, deep_dicts])
def test_both_ways_take_the_same_depth(make: Any) -> None:
    at_limit, beyond = make(MAX_DEPTH), make(MAX_DEPTH + 1)
    assert orjson.dumps(at_limit) == to_json(at_limit) == orjson.dumps(to_builtins(at_limit))
    with pytest.raises(TypeError):
        orjson.dumps(beyond)
    with pytest.raises(EventError, match="nested deeper than 254 levels"):
        to_builtins(beyond)
    with pytest.raises(EventError, match="nested deeper than 254 levels"):
        to_builtins(at_limit, depth=1)


def test_no_recursion_error_however_little_stack_is_left() -> None:
    value = [Step("a", deep(200)), deep(200), deep(100_000)]

    def at_the_edge(frames: int) -> bytes:
        return at_the_edge(frames - 1) if frames else to_json(value, "repr")

    used = len(__import__("inspect").stack())
    content = at_the_edge(sys.getrecursionlimit() - used - 60)
    assert strict(content)[0]["name"] == "a"


def test_the_same_object_in_two_places_is_no_cycle() -> None:
    shared = Step("shared", after={"x": [1]})
    assert to_builtins([shared, {"again": shared}, [shared]]) == [
        {"name": "shared", "after": {"x": [1]}},
        {"again": {"name": "shared", "after": {"x": [1]}}},
        [{"name": "shared", "after": {"x": [1]}}],
    ]


def test_the_copy_shares_nothing_with_the_original() -> None:
    original: dict[str, Any] = {"a": [1, {"b": [2]}]}
    copied = to_builtins(original)
    original["a"][1]["b"].append(3)
    assert copied == {"a": [1, {"b": [2]}]}


def test_sets_come_out_the_same_in_every_run() -> None:
    words = [f"word {i}" for i in range(50)]
    assert to_builtins(set(words)) == sorted(words) == to_builtins(frozenset(reversed(words)))
    assert to_builtins({10, 9, 2.5}) == [2.5, 9, 10]
    assert to_builtins({frozenset({2, 1}), frozenset({1}), (0,)}) == [[0], [1, 2], [1]]


def test_keys_that_would_become_the_same_are_both_kept_where_nothing_may_be_lost() -> None:
    assert to_builtins({"1": "a", 1: "b", "1 (int)": "c"}, "repr") == {
        "1": "a",
        "1 (int 2)": "b",
        "1 (int)": "c",
    }
    assert to_builtins({None: 1, "null": 2}, "null") == {"null (NoneType)": 1, "null": 2}


def test_a_surrogate_keeps_the_rest_of_its_text() -> None:
    text = "x" * 5_000 + "\udce9"
    assert to_builtins([text], "repr") == ["x" * 5_000 + "\\udce9"]
    assert to_builtins({"k\udce9": 1}, "null") == {"k\\udce9": 1}


def test_the_stand_in_is_bounded_and_never_raises() -> None:
    assert stand_in(RaisingRepr()) == "<RaisingRepr, whose repr raises ZeroDivisionError>"
    assert len(stand_in(["x" * 10_000] * 100)) <= REPR_LIMIT
    assert len(stand_in(type("Long", (), {"__repr__": lambda self: "y" * 10**6})())) == REPR_LIMIT
    assert stand_in(10**5_000).startswith("0x")
    assert stand_in(Celsius("nan")) == "nan"
    assert "..." in stand_in(cycle())


def test_an_orjson_fragment_cannot_smuggle_bytes_in() -> None:
    with pytest.raises(EventError) as caught:
        to_json({"inputs": {"raw": orjson.Fragment(b'1},"error":{')}})
    assert caught.value.path == "inputs.raw"


def test_null_and_nan_stay_distinct() -> None:
    assert to_json({"a": None, "b": "null", "c": 1.5}) == b'{"a":null,"b":"null","c":1.5}'
    with pytest.raises(EventError, match="JSON has no nan"):
        to_json({"a": None, "b": "null", "c": float("nan")})


def test_a_dict_that_another_thread_fills_is_copied_without_an_error() -> None:
    shared: dict[str, Any] = {"step": Step("a")}  # not plain, so the copy takes its time
    stop = threading.Event()

    def fill() -> None:
        count = 0
        while not stop.is_set():
            shared[f"k{count % 500}"] = count
            if count % 500 == 499:
                for key in [key for key in shared if key != "step"]:
                    del shared[key]
            count += 1

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        written = [strict(to_json({"inputs": shared})) for _ in range(300)]
    finally:
        stop.set()
        thread.join()
    assert all(event["inputs"]["step"] == {"name": "a", "after": None} for event in written)


def test_messages_show_no_values() -> None:
    secret = "canary-7431"
    for value in ({secret: object()}, [secret, object()], Step(secret, object()), {"k": {secret, object()}}):
        with pytest.raises(EventError) as caught:
            to_json({"inputs": {"x": value}})
        assert secret not in caught.value.reason


def test_many_short_texts_do_not_hide_that_a_small_value_has_no_end_when_written() -> None:
    texts = [f"{number:x}q" for number in range(300)]
    kept = list(texts)  # so that `marshal` numbers them, and the objects after them have numbers above 255
    shared: Any = {"end": 1}
    for level in range(64):
        shared = {f"a{level}": shared, f"b{level}": shared}
    with pytest.raises(EventError, match="values"):
        to_json({"texts": texts, "shared": shared})
    assert kept == texts
