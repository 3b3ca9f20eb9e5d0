"""What is acknowledged is never more than what was, whatever is lost of the log."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.background.spool import Spool
from honeyhive_ext.background.spool.acks import SLOT, AckLog, decode_slots, encode_slots
from honeyhive_ext.background.spool.ranges import Ranges, ranges_of
from tests.support.spooling import HERE, drain, files, fill

SETS = st.sets(st.integers(0, 40))


def as_set(ranges: Ranges) -> set[int]:
    return {position for first, last in ranges for position in range(first, last + 1)}


@given(st.lists(st.integers(0, 40)), SETS)
def test_ranges_are_sets(positions: list[int], others: set[int]) -> None:
    one, two = Ranges((p, p) for p in positions), ranges_of(others)
    assert as_set(one) == set(positions)
    assert as_set(ranges_of(positions)) == set(positions)
    assert as_set(two) == others
    assert len(two) == len(others)
    assert as_set(one.without(two)) == set(positions) - others
    assert as_set(one.within(two)) == set(positions) & others
    assert [p for p in range(42) if p in two] == sorted(others)
    assert two.first == min(others, default=-1)
    assert two.last == max(others, default=-1)
    gaps = [b[0] - a[1] for a, b in zip(list(two), list(two)[1:], strict=False)]
    assert all(gap > 1 for gap in gaps)


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9)), max_size=20))
def test_ranges_take_ranges(added: list[tuple[int, int]]) -> None:
    found = Ranges((first, first + more) for first, more in added)
    expected = {n for first, more in added for n in range(first, first + more + 1)}
    assert as_set(found) == expected
    assert len(found) == len(expected)


@given(st.lists(SETS.filter(bool), min_size=1, max_size=8), st.data())
def test_a_damaged_slot_ends_the_log(steps: list[set[int]], data: st.DataObject) -> None:
    log, known = b"", [set[int]()]
    for step in steps:
        for first, last in ranges_of(step):
            log += encode_slots(Ranges([(first, last)]), len(known) - 1, 5)
            known.append(known[-1] | set(range(first, last + 1)))
    assert as_set(decode_slots(log, 5)[0]) == known[-1]
    at = data.draw(st.integers(0, len(log) - 1))
    damaged = bytearray(log)
    damaged[at] ^= data.draw(st.integers(1, 255))
    found, count = decode_slots(bytes(damaged), 5)
    assert count == at // SLOT
    assert as_set(found) == known[count]
    assert as_set(decode_slots(log[:at], 5)[0]) == known[at // SLOT]
    assert not len(decode_slots(log, 6)[0])  # of another segment


def test_a_log_goes_on_after_the_slot_that_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "x.acks"
    log = AckLog(path, 1)
    log.add(Ranges([(0, 3)]))
    path.write_bytes(path.read_bytes() + b"torn")
    log = AckLog(path, 1)
    log.add(Ranges([(7, 9)]))
    assert list(AckLog(path, 1).ranges) == [(0, 3), (7, 9)]


def test_a_log_without_its_segment_means_nothing_and_goes(tmp_path: Path) -> None:
    spool = Spool(tmp_path, HERE)
    fill(spool, 5)
    spool.acknowledge([0])
    spool.close()
    files(tmp_path, ".segment")[0].unlink()
    assert len(files(tmp_path)) == 2
    assert drain(tmp_path) == []
    assert files(tmp_path) == []


def test_a_segment_without_its_lock_is_adopted(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 5)
    files(tmp_path, ".lock")[0].unlink()
    assert drain(tmp_path) == [0, 1, 2, 3, 4]
    assert files(tmp_path) == []


def test_acknowledging_twice_or_what_never_was_changes_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 5)
        spool.acknowledge([1, 1, 3])
        spool.acknowledge([1, 77, -4])
        spool.acknowledge([])
        assert spool.counts["acknowledged"] == 2
    assert drain(tmp_path) == [0, 2, 4]
