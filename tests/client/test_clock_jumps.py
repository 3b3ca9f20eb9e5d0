"""The wall clock is set back or forward while events wait: nothing is dropped, delayed or sent too often."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from honeyhive_ext import Background, HoneyHive
from tests.client.test_background import stored, wait_until
from tests.support.clients import KEY
from tests.support.misbehaving import Answer, Misbehaving, Recorded, answer

YEARS = 20 * 366 * 86_400.0  # seconds


@pytest.mark.parametrize("spool", [False, True])
@pytest.mark.parametrize("jump", [-YEARS, -60.0, 60.0, YEARS])
def test_a_jump_of_the_wall_clock_neither_drops_nor_delays_nor_storms(
    jump: float, spool: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = True
    options = Background(
        max_events=20 if spool else 1_000, flush_seconds=0.01, spool=tmp_path if spool else False
    )
    real = time.time

    def service(request: Recorded) -> Answer:
        return answer(503) if down else stored(request)

    with Misbehaving(then=service) as server, HoneyHive(KEY, base_url=server.url, background=options) as hh:
        for _ in range(100):
            hh.events.enqueue("tool")
        wait_until(lambda: hh.stats().last_error)
        monkeypatch.setattr(time, "time", lambda: real() + jump)
        hh.events.enqueue("tool")
        assert hh.flush(0.2).waiting == 101
        tried = len(server.requests)
        assert tried < 20
        down = False
        assert hh.flush(60).success
        assert (hh.stats().delivered, hh.stats().lost) == (101, 0)
        hh.events.enqueue("tool")  # without a flush
        wait_until(lambda: hh.stats().delivered == 102)
    assert len(server.requests) < tried + 30


@pytest.mark.parametrize("jump", [-YEARS, 3600.0])
def test_what_another_client_left_before_a_jump_is_sent(
    jump: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, down = time.time, True

    def service(request: Recorded) -> Answer:
        return answer(503) if down else stored(request)

    with Misbehaving(then=service) as server:
        options = Background(spool=tmp_path)
        left = HoneyHive(KEY, base_url=server.url, background=options)
        left.events.enqueue("tool")
        assert left.close(0.1).waiting == 1
        monkeypatch.setattr(time, "time", lambda: real() + jump)
        down = False
        with HoneyHive(KEY, base_url=server.url, background=options) as hh:
            wait_until(lambda: hh.stats().delivered == 1)
            assert hh.stats().lost == 0
