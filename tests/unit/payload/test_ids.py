"""Ids that the client makes, and ids that callers give."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID, uuid4

import pytest

from honeyhive_ext.errors import EventError
from honeyhive_ext.payload.ids import all_canonical, new_id, new_ids, uuid_str

TEXT = "caf77ace-3417-4da4-944d-f4a0688f3c23"


class Text(str):
    __slots__ = ()


def test_new_ids_are_uuids_of_version_4_and_never_the_same() -> None:
    ids = [new_id() for _ in range(5_000)]
    assert len(set(ids)) == len(ids)
    for text in ids[:500]:
        assert UUID(text).version == 4
        assert UUID(text).variant == "specified in RFC 4122"
        assert str(UUID(text)) == text


@pytest.mark.parametrize(
    "given",
    [
        TEXT,
        TEXT.upper(),
        TEXT.replace("-", ""),
        f"urn:uuid:{TEXT}",
        f"{{{TEXT}}}",
        UUID(TEXT),
        Text(TEXT),
        type("Mine", (UUID,), {"__str__": lambda self: "x"})(TEXT),
    ],
)
def test_every_form_of_a_uuid_becomes_the_canonical_one(given: Any) -> None:
    result = uuid_str(given, "session_id")
    assert result == TEXT
    assert type(result) is str


@pytest.mark.parametrize(
    "given",
    [
        "",
        "session-1",
        TEXT[:-1],
        TEXT + "0",
        TEXT.replace("c", "g"),
        f" {TEXT}",
        f"{TEXT}\n",
        "1_" * 16,
        7,
        None,
        b"x",
    ],
)
def test_anything_else_is_refused(given: Any) -> None:
    with pytest.raises(EventError, match="UUID") as caught:
        uuid_str(given, "session_id")
    assert caught.value.path == "session_id"


def test_any_uuid_of_any_version_is_taken() -> None:
    for value in (uuid4(), UUID(int=0), UUID(int=2**128 - 1)):
        assert uuid_str(str(value), "event_id") == str(value)


@pytest.mark.parametrize("given", ["nothing", "less", "an error", "no such call"])
def test_ids_are_random_also_where_the_quick_way_to_random_bytes_fails(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getrandom(size: int, flags: int) -> bytes:
        if given == "an error":
            raise BlockingIOError(11, "the system has just started")
        return b"" if given == "nothing" else bytes(size - 1)

    if given == "no such call":
        monkeypatch.delattr(os, "getrandom", raising=False)
    else:
        monkeypatch.setattr(os, "getrandom", getrandom, raising=False)
        monkeypatch.setattr(os, "GRND_NONBLOCK", 1, raising=False)
    made = new_ids(256)
    assert len(set(made)) == 256
    assert all_canonical(made)
    assert {UUID(one).version for one in made} == {4}


@pytest.mark.skipif(not hasattr(os, "getrandom"), reason="only Linux has it")
def test_the_supply_of_ids_keeps_the_lock_of_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    def urandom(size: int) -> bytes:
        raise AssertionError("it gives the lock up")

    monkeypatch.setattr(os, "urandom", urandom)
    assert len({new_id() for _ in range(1000)}) == 1000
