"""Both ways of the encoder agree, and nothing but strict JSON or a typed error comes out."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.errors import EventError
from honeyhive_ext.serialize.dumps import to_json
from honeyhive_ext.serialize.to_builtins import to_builtins
from tests.support.event_inputs import ANYTHING, PLAIN, RICH
from tests.support.strict import strict

PATH = re.compile(r"""(?:\.?[A-Za-z_][A-Za-z0-9_-]*|\[(?:\d+|\*|"(?:[^"\\]|\\.)*"|.+?)\])*""", re.S)


def as_lists(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [as_lists(item) for item in value]
    return {key: as_lists(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(PLAIN)
def test_plain_values_come_back_as_they_were(value: Any) -> None:
    content = to_json(value)
    assert strict(content) == as_lists(value)
    assert content == orjson.dumps(value)


@given(RICH)
def test_the_fast_way_and_the_copy_write_the_same_bytes(value: Any) -> None:
    content = to_json(value)
    strict(content)
    copied = to_builtins(value)
    assert orjson.dumps(copied) == content == to_json(copied)
    assert to_json(value, "repr") == to_json(value, "null") == content


@given(ANYTHING)
def test_anything_becomes_strict_json_or_an_error_with_a_path(value: Any) -> None:
    try:
        strict(to_json({"inputs": value}))
    except EventError as error:
        refused = error
    else:
        return
    assert refused.path.startswith("inputs")
    assert PATH.fullmatch(refused.path) or "..." in refused.path
    assert str(refused).encode()


@pytest.mark.parametrize("mode", ["repr", "null"])
@given(value=ANYTHING)
def test_nothing_is_lost_where_nothing_may_be(mode: OnUnserializable, value: Any) -> None:
    written = strict(to_json({"before": 1, "inputs": value, "after": 2}, mode))
    assert (written["before"], written["after"]) == (1, 2)
    assert "inputs" in written


@given(ANYTHING)
def test_a_value_that_is_taken_is_the_same_under_every_setting(value: Any) -> None:
    try:
        content = to_json(value)
    except EventError:
        return
    assert to_json(value, "repr") == content == to_json(value, "null")


KEYS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["1", "true", "null"])


@given(st.dictionaries(KEYS, st.integers(0, 9)))
def test_every_key_stays_distinct_or_is_refused(value: dict[Any, int]) -> None:
    for mode in ("repr", "null"):
        written = strict(to_json(value, mode))  # type: ignore[arg-type]
        assert sorted(written.values()) == sorted(value.values())
    texts = [key if isinstance(key, str) else json.dumps(key) for key in value]
    if len(set(texts)) == len(texts):
        assert strict(to_json(value)) == dict(zip(texts, value.values(), strict=True))
    else:
        with pytest.raises(EventError, match="two keys become"):
            to_json(value)
