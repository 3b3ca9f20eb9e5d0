"""Whatever is appended, read, acknowledged, closed and adopted, in any order: a set says what is left."""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyhive_ext.background.spool import Spool, adopt, supply
from tests.support.scale import scaled
from tests.support.spooling import HERE, THERE, drain, files, fill, number_of, numbers, records

STEP = st.one_of(
    st.tuples(st.just("append"), st.integers(1, 40), st.integers(0, 700)),
    st.tuples(st.just("acknowledge"), st.integers(0, 300), st.integers(0, 120)),
    st.tuples(st.just("drop"), st.integers(0, 300), st.integers(0, 5)),
    st.tuples(st.just("read"), st.integers(0, 300), st.integers(1, 5000)),
    st.tuples(st.just("reopen"), st.just(0), st.just(0)),
    st.tuples(st.just("adopt"), st.integers(0, 10), st.integers(1, 2000)),
)


@settings(max_examples=scaled(2_000))
@given(st.lists(STEP, max_size=25))
def test_a_set_says_what_is_left(steps: list[tuple[str, int, int]]) -> None:
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as name:
        patch.setattr(supply, "SMALLEST", 2048)
        patch.setattr(supply, "FIRST_SEGMENT", 2048)
        folder, appended = Path(name), 0
        mine: dict[int, int] = {}  # position: number
        left: set[int] = set()  # numbers of ended owners
        spool = Spool(folder, HERE, segment_bytes=8192)
        for step, one, two in steps:
            if step == "append":
                for position in fill(spool, one, size=two, first=appended):
                    mine[position] = appended
                    appended += 1
            elif step in ("acknowledge", "drop"):
                positions = range(one, one + two)
                if step == "drop":
                    spool.drop(positions, "x")
                else:
                    spool.acknowledge(positions)
                mine = {position: number for position, number in mine.items() if position not in positions}
            elif step == "read":
                after, found, end = one - 1, [], False
                while not end:
                    window = spool.read(after, two)
                    after, end = window.after, window.end
                    found += [(record.position, number_of(record)) for record in window.records]
                assert found == [(p, n) for p, n in sorted(mine.items()) if p >= one]
            elif step == "reopen":
                spool.close()
                left |= set(mine.values())
                mine = {}
                spool = Spool(folder, HERE, segment_bytes=8192)
            else:
                for backlog in adopt(folder, HERE):
                    with backlog:
                        for number, record in enumerate(list(records(backlog, two))):
                            assert number_of(record) in left
                            if number < one:
                                backlog.acknowledge([record.position])
                                left.discard(number_of(record))
        assert numbers(spool) == sorted(mine.values())
        assert spool.counts["damaged_bytes"] == spool.counts["damaged_records"] == 0
        spool.close()
        assert sorted(drain(folder)) == sorted(left | set(mine.values()))
        assert files(folder) == []


def test_a_segment_that_was_made_too_late_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "SMALLEST", 4096)
    monkeypatch.setattr(supply, "FIRST_SEGMENT", 4096)
    making, go_on = threading.Event(), threading.Event()
    real, main = supply.Supply.make, threading.get_ident()

    def make(self: supply.Supply, number: int, need: int) -> supply.Grown:
        late = threading.get_ident() != main and not making.is_set()
        part = real(self, number, need)
        if late:
            making.set()
            go_on.wait(60)
        return part

    monkeypatch.setattr(supply.Supply, "make", make)
    with Spool(tmp_path, HERE, segment_bytes=4096) as spool:
        fill(spool, 10)
        assert making.wait(60)  # the keeper makes the second segment
        fill(spool, 60, first=10)  # meanwhile this thread makes others
        go_on.set()
        with spool._tail._preparing:  # until the keeper has done with it
            pass
        fill(spool, 200, first=70)
        assert numbers(spool) == list(range(270))
    assert drain(tmp_path) == list(range(270))
    assert files(tmp_path) == []


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_nothing_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply, "SMALLEST", 4096)
    before = descriptors()
    for number in range(10):
        with Spool(tmp_path, HERE if number % 2 else THERE, segment_bytes=4096) as spool:
            fill(spool, 200, first=200 * number)
            numbers(spool)
            spool.acknowledge(range(0, 200, 3))
            assert descriptors() < before + 20  # however many segments there are
    list(adopt(tmp_path, HERE))  # and nobody closes what it yields
    gc.collect()
    assert len(drain(tmp_path)) == 5 * 133
    assert descriptors() == before


def test_a_backlog_larger_than_memory_is_read_a_window_at_a_time(tmp_path: Path) -> None:
    count = scaled(100_000)
    with Spool(tmp_path, HERE) as spool:
        fill(spool, count, size=3000)
    total = sum(path.stat().st_size for path in files(tmp_path, ".segment"))
    tracemalloc.start()
    try:
        (backlog,) = adopt(tmp_path, HERE)
        with backlog:
            assert sum(1 for _ in records(backlog, 256 * 1024)) == count
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    print(f"{total} bytes read, {peak} bytes of memory")
    assert peak < 2 * 1024 * 1024 < total / 5
