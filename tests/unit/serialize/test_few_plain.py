"""The quick look at few values says yes only where orjson alone writes what the copy of the values is."""

from __future__ import annotations

import enum
import math
from typing import Any, NamedTuple

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.serialize import is_builtin
from honeyhive_ext.serialize.dumps import to_json
from honeyhive_ext.serialize.is_builtin import few_plain
from honeyhive_ext.serialize.to_builtins import to_builtins


class Color(enum.StrEnum):
    RED = "red"


class Pair(NamedTuple):
    a: int
    b: int


class Text(str):
    __slots__ = ()


SCALARS: Any = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.just(Color.RED),
    st.just(Text("x")), st.just(Pair(1, 2)), st.just({1}), st.just(orjson.Fragment(b"]")), st.just(1j),
)  # fmt: skip
VALUES: Any = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner), st.dictionaries(st.one_of(st.text(), st.integers()), inner), st.tuples(inner, inner)
    ),
    max_leaves=30,
)


def plain(value: Any) -> bool:
    """Tell the same, value by value."""
    kind = type(value)
    if kind is dict:
        return all(map(plain, value.values()))
    if kind is list or kind is tuple:
        return all(map(plain, value))
    return kind in (str, int, bool, type(None)) or (kind is float and math.isfinite(value))


@given(st.one_of(st.lists(VALUES), st.dictionaries(st.text(), VALUES)))
def test_what_it_calls_plain_is_plain_and_is_written_as_its_copy(value: Any) -> None:
    assert few_plain(value) == plain(value)
    if few_plain(value):
        copied = to_builtins(value, "repr")
        assert to_json(value, "repr") == orjson.dumps(copied)


@pytest.mark.parametrize("value", [1, "x", None, (1,), Pair(1, 2), {1}, Color.RED])
def test_only_a_dict_or_list_is_asked(value: Any) -> None:
    assert not few_plain(value)


def test_what_is_large_by_sharing_is_not_few() -> None:
    value: Any = ["x"]
    for _ in range(40):
        value = [value, value]
    assert not few_plain(value)
    around: list[Any] = []
    around.append(around)
    assert not few_plain(around)
    assert not few_plain(["x" * (is_builtin._LONG + 1)])
    assert not few_plain([0] * (is_builtin._FEW + 1))
    assert few_plain(["x" * is_builtin._LONG] * is_builtin._FEW)
    assert is_builtin._LONG * is_builtin._FEW <= is_builtin.MAX_CHARACTERS


def test_a_dict_that_changes_meanwhile_is_not_known() -> None:
    value: dict[str, Any] = {"a": 1.5, "b": 2, "c": 3}

    def kind_of(item: Any) -> Any:  # another thread runs between two steps
        if item == 2:
            value["d"] = 4
        return type(item)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(is_builtin, "kind_of", kind_of)
        assert not few_plain(value)
