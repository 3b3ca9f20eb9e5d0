"""The JSON codec, without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from honeyhive_ext.local.codec import (
    MAX_DEPTH,
    NotJSONError,
    TooDeepError,
    depth,
    dumps,
    guard,
    loads,
    suspect,
    unguard,
)

deepest: Any = 1
for _ in range(MAX_DEPTH):
    deepest = [deepest]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"[1e999, 100000000000000000000]",
        b"[1e999, 1" + b"0" * 400 + b"]",
        b'["\\ud83d", 1' + b"0" * 400 + b"]",
        b'"\\ud83d"',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b"[" * 5000,
    ],
    ids=lambda text: repr(text)[:30],
)
def test_text_that_is_not_strict_json_is_the_codecs_own_error(text: bytes) -> None:
    with pytest.raises(NotJSONError, match="not JSON: "):
        loads(text)


@pytest.mark.parametrize("number", [2**63, 2**64, 2**64 + 1, -(2**63) - 1, 10**40, -(2**1024), 10**4000])
def test_integers_of_any_size_go_in_and_out_to_the_last_digit(number: int) -> None:
    assert loads(dumps([number, 0.1]).encode()) == [number, 0.1]


def test_nesting_has_a_limit() -> None:
    assert depth(deepest) == MAX_DEPTH
    assert json.loads(dumps(deepest)) == deepest
    with pytest.raises(TooDeepError, match="nested more than 254 levels deep"):
        dumps([deepest])


@pytest.mark.parametrize(
    "text", ["\x00", "a\x00b", "\ufdd0", "\ufdd1\x00\ufdd2", "\ufdd0\ufdd1\ufdd2"], ids=ascii
)
@pytest.mark.parametrize("escaped", [True, False])
def test_guarded_text_is_recognised_and_comes_back(text: str, escaped: bool) -> None:
    value = {text: [text]}
    body = json.dumps(value, ensure_ascii=escaped).encode()
    assert suspect(body)
    guarded = dumps(guard(loads(body)))
    assert "\\u0000" not in guarded
    assert loads(unguard(guarded.encode())) == value


def test_plain_text_is_not_guarded() -> None:
    body = '{"größe": "日本 \U0001f4a5"}'.encode()
    assert not suspect(body)
    assert unguard(body) is body
