"""What a span captures is bounded: in bytes, in values, in time, and it says what it leaves out."""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import pydantic
import pytest
from hypothesis import given

from honeyhive_ext.serialize.bounded import CAPTURE_BYTES, CAPTURE_VALUES, bounded, refit
from honeyhive_ext.serialize.to_builtins import MAX_DEPTH, to_builtins
from honeyhive_ext.tracing.capture import ERROR_LIMIT, error_text
from tests.support.event_inputs import ANYTHING, RICH
from tests.support.strict import strict
from tests.support.values import deep

MARK = re.compile(r"<cut: ([\d,]+) of ([\d,]+) (characters|bytes|items) left out>\Z")


@dataclasses.dataclass(eq=False)
class Node:
    name: str
    links: list[Any] = dataclasses.field(default_factory=list)


class NodeModel(pydantic.BaseModel):
    name: str
    links: list[Any] = []


def graph(size: int, make: Any = Node) -> Any:
    """Objects that each hold all others."""
    nodes = [make(name=str(number)) for number in range(size)]
    for node in nodes:
        node.links = [other for other in nodes if other is not node]
    return nodes[0]


def doubled(levels: int) -> Any:
    """A list that holds another twice, which holds a third twice, and so on."""
    value: Any = [0]
    for _ in range(levels):
        value = [value, value]
    return value


def copied(**values: Any) -> Any:
    tree = bounded(values, "repr", path="inputs", depth=1)
    assert len(orjson.dumps(tree)) <= CAPTURE_BYTES
    return tree


def count(tree: Any) -> int:
    left, found = [tree], 0
    while left:
        node = left.pop()
        found += 1
        left += node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found


LARGE: Mapping[str, Any] = {
    "graph of dataclasses": lambda: graph(300),
    "graph of models": lambda: graph(9, NodeModel),
    "doubled lists": lambda: doubled(100),
    "turns with their history": lambda: [
        {"turn": n, "history": [{"n": m} for m in range(n)]} for n in range(900)
    ],
    "long text": lambda: "A" * 5_000_000,
    "text that JSON escapes": lambda: "\0" * 5_000_000,
    "text of many bytes": lambda: "\U0001f600" * 1_000_000,
    "bytes": lambda: b"\0" * 5_000_000,
    "many long texts": lambda: ["long text " * 20] * 200_000,
    "many numbers": lambda: [number / 7 for number in range(300_000)],
    "wide dict": lambda: {f"key {number}": number for number in range(300_000)},
    "long keys": lambda: {f"{number}" * 2_000: number for number in range(3_000)},
    "very deep": lambda: deep(50_000),
    "very long range": lambda: range(10**15),
    "large model": lambda: NodeModel.model_construct(name="x", links=[[0]] * 200_000),
    "large set": lambda: {f"{number}" * 30 for number in range(50_000)},
}


@pytest.mark.parametrize("name", LARGE)
@pytest.mark.parametrize("first", [True, False])
def test_a_large_argument_is_cut_and_the_others_arrive(name: str, first: bool) -> None:
    others = {"question": "What is it?", "options": {"n": 1, "tags": ["a", "b"]}}
    values = {"large": LARGE[name](), **others} if first else {**others, "large": LARGE[name]()}
    tree = copied(**values)
    assert "<cut: " in orjson.dumps(tree).decode()
    del tree["large"]
    assert tree == others
    assert count(tree) <= CAPTURE_VALUES + 10


def test_a_long_text_keeps_its_beginning_and_says_its_length() -> None:
    image = copied(image="A" * 2_000_000)["image"]
    left, size, unit = MARK.search(image).groups()  # type: ignore[union-attr]
    kept = image[: image.index("<cut")]
    assert (size, unit) == ("2,000,000", "characters")
    assert kept == "A" * (2_000_000 - int(left.replace(",", "")))
    assert len(kept) > 500_000


def test_long_bytes_keep_a_beginning_that_can_be_decoded() -> None:
    data = bytes(range(256)) * 10_000
    text = copied(data=data)["data"]
    left, size, unit = MARK.search(text).groups()  # type: ignore[union-attr]
    kept = base64.b64decode(text[: text.index("<cut")], validate=True)
    assert data.startswith(kept)
    assert (size, unit) == ("2,560,000", "bytes")
    assert len(kept) == len(data) - int(left.replace(",", ""))


def test_the_longest_texts_are_cut_and_the_short_ones_stay() -> None:
    messages = [{"image": "A" * 3_000_000}, {"text": "B" * 5_000}, {"image": "C" * 3_000_000}]
    tree = copied(messages=messages)
    assert tree["messages"][1] == {"text": "B" * 5_000}
    assert [len(tree["messages"][index]["image"]) > 200_000 for index in (0, 2)] == [True, True]


def test_what_is_within_the_limits_arrives_whole() -> None:
    numbers = list(range(95_000))
    assert copied(numbers=numbers) == {"numbers": numbers}
    assert copied(text="A" * 850_000) == {"text": "A" * 850_000}


def test_a_long_array_ends_with_a_mark() -> None:
    numbers = copied(numbers=range(1_000_000))["numbers"]
    left, size, unit = MARK.match(numbers[-1]).groups()  # type: ignore[union-attr]
    assert numbers[:-1] == list(range(len(numbers) - 1))
    assert (size, unit) == ("1,000,000", "items")
    assert int(left.replace(",", "")) == 1_000_000 - (len(numbers) - 1)


def test_a_wide_object_has_a_mark_under_a_key_of_its_own() -> None:
    wide = copied(wide={"<cut>": "mine"} | {str(number): number for number in range(200_000)})["wide"]
    assert wide["<cut>"] == "mine"
    assert MARK.match(wide["<cut>>"])


def test_an_object_that_is_met_again_names_where_it_was_seen_first() -> None:
    shared = {"a": 1}
    tool = Node("search")
    tree = copied(first=[shared, tool], again={"x": shared, "tool": tool})
    assert tree["again"] == {
        "x": "<cut: seen first at inputs.first[0]>",
        "tool": "<cut: seen first at inputs.first[1]>",
    }


def test_an_object_that_contains_itself_is_cut_where_it_is_met_again() -> None:
    node = Node("a")
    node.links = [node]
    assert copied(node=node) == {"node": {"name": "a", "links": ["<cut: seen first at inputs.node>"]}}
    loop: list[Any] = []
    loop.append(loop)
    assert bounded(loop, "null", path="outputs.result") == ["<cut: seen first at outputs.result>"]


def test_equal_constants_and_empty_containers_are_no_object_that_is_met_again() -> None:
    constant, empty = (1, 2), ()
    assert copied(a=constant, b=constant, c=[empty, empty]) == {"a": [1, 2], "b": [1, 2], "c": [[], []]}


def test_a_graph_costs_one_copy_of_each_object() -> None:
    tree = copied(node=graph(50))
    assert str(tree).count("'name'") == 50


def test_more_than_254_levels_are_cut_with_a_mark() -> None:
    tree: Any = bounded(deep(MAX_DEPTH + 10), "repr")
    for _ in range(MAX_DEPTH - 1):
        (tree,) = tree
    assert tree == ["<cut: nested deeper than 254 levels>"]
    assert bounded(deep(MAX_DEPTH - 3), "repr", depth=3) == deep(MAX_DEPTH - 3)


def test_the_deepest_value_is_measured_too() -> None:
    tree: Any = bounded({"deep": deep(300), "text": "A" * 2_000_000}, "null")
    assert len(orjson.dumps(tree)) <= CAPTURE_BYTES
    assert "nested deeper" in str(tree)


class Counted(Sequence[int]):
    """Says that it is long, and counts what is read of it."""

    def __init__(self) -> None:
        self.read = 0

    def __len__(self) -> int:
        return 10**12

    def __getitem__(self, index: Any) -> Any:
        raise AssertionError("not asked")

    def __iter__(self) -> Iterator[int]:
        while True:
            self.read += 1
            yield self.read


def test_no_more_is_read_than_is_kept() -> None:
    counted = Counted()
    numbers = copied(counted=counted, again=counted)["counted"]
    assert counted.read <= CAPTURE_VALUES + 1
    assert MARK.match(numbers[-1])


def test_a_generator_is_not_consumed() -> None:
    steps = iter([1, 2])
    copied(steps=steps)
    assert list(steps) == [1, 2]


def test_the_code_of_an_object_runs_once() -> None:
    calls: list[str] = []

    class Loud:
        def __repr__(self) -> str:
            calls.append("repr")
            return "<loud>"

    class Answer(pydantic.BaseModel):
        @pydantic.model_serializer
        def write(self) -> dict[str, int]:
            calls.append("model")
            return {"a": 1}

    loud, answer = Loud(), Answer()
    tree = copied(a=loud, b=[loud], c=answer, d=[answer] * 3)
    assert sorted(calls) == ["model", "repr"]
    assert tree["a"] == "<loud>"
    assert tree["d"] == ["<cut: seen first at inputs.c>"] * 3


def test_the_repr_of_what_holds_a_graph_is_short() -> None:
    nodes = graph(12)
    tree = copied(method=nodes.links.append, error=ValueError(nodes, [nodes]), bound=nodes.__init__)
    assert len(str(tree)) < 1_000


def test_a_key_that_holds_a_graph_is_short() -> None:
    (key,) = copied(keys={graph(20): 1})["keys"]
    assert key.startswith("Node(name='0', links=[<Node>, ")
    assert len(key) < 1_000


def test_the_text_of_an_exception_that_holds_a_graph_is_short() -> None:
    lists: list[Any] = [[number] for number in range(20)]
    for one in lists:
        one.extend(other for other in lists if other is not one)
    texts = [error_text(error) for error in (ValueError(lists), RuntimeError("x", graph(20)))]
    del lists  # pytest would show it where an assertion fails
    assert [text[:13] for text in texts] == ["ValueError: [", "RuntimeError:"]
    assert [len(text) <= ERROR_LIMIT for text in texts] == [True, True]


def test_a_large_model_loses_its_largest_field_and_keeps_what_it_hides() -> None:
    class State(pydantic.BaseModel):
        name: str
        password: str = pydantic.Field("1815", exclude=True)
        token: pydantic.SecretStr = pydantic.SecretStr("canary")
        history: list[Any]

    state = State.model_construct(
        name="x", password="1815", token=pydantic.SecretStr("canary"), history=[0] * 200_000
    )
    assert copied(state=state)["state"] == {
        "name": "x",
        "token": "**********",
        "history": "<cut: a list of 200,000 items left out>",
    }


def test_the_fields_of_an_event_are_within_the_limits_together() -> None:
    inputs = bounded({"a": "A" * 5_000_000, "q": "What?"}, "repr")
    outputs = bounded({"result": list(range(500_000))}, "repr")
    fields = refit({"event_name": "n", "inputs": inputs, "outputs": outputs, "metadata": {"cost": 1}})
    assert len(orjson.dumps(fields)) <= CAPTURE_BYTES
    assert (fields["event_name"], fields["metadata"], fields["inputs"]["q"]) == ("n", {"cost": 1}, "What?")
    assert " of 5,000,000 characters" in fields["inputs"]["a"][-70:]
    assert MARK.match(fields["outputs"]["result"][-1])[2] == "500,000"  # type: ignore[index]


@given(RICH)
def test_a_value_that_shares_nothing_is_copied_as_for_create(value: Any) -> None:
    tree = bounded(value, "repr")
    if "<cut: seen" not in str(tree):
        assert tree == to_builtins(value)


@given(ANYTHING)
@pytest.mark.parametrize("mode", ["repr", "null"])
def test_anything_is_captured(mode: Any, value: Any) -> None:
    written = strict(orjson.dumps(bounded({"before": 1, "x": value, "after": "b"}, mode)))
    assert (written["before"], written["after"]) == (1, "b")
