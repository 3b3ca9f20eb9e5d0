"""Whatever happens to the bytes of a segment, what is read was written, and what is intact is read."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyhive_ext.background.spool import Spool, Spooled, adopt, status
from honeyhive_ext.background.spool.header import Header, read_header
from honeyhive_ext.background.spool.layout import OVERHEAD, Scan, seed_of
from tests.support.scale import scaled, seed
from tests.support.spooling import HERE, THERE, files, fill, number_of, numbers, records

COUNT = 60


def a_segment(folder: Path, count: int = COUNT) -> Path:
    """Return the only segment of an owner that ended."""
    with Spool(folder, HERE) as spool:
        for number in range(count):
            fill(spool, 1, size=number * 7 % 90, first=number)
    (path,) = files(folder, ".segment")
    return path


def places(path: Path) -> dict[int, tuple[int, int]]:
    """Return where each record of an intact segment begins and ends."""
    data = path.read_bytes()
    begun = read_header(data)
    assert begun is not None
    scan, found, at = Scan(seed_of(path.stem), begun[1]), {}, begun[1]
    for record in scan.feed(data[at:], 0, lambda a, n: data[a : a + n]):
        end = at + OVERHEAD + len(record.payload)
        found[number_of(record)] = (at, end)
        at = end
    assert len(found) == COUNT
    return found


Damage = tuple[str, float, float, int]
DAMAGE = st.lists(
    st.tuples(
        st.sampled_from(["flip", "zeros", "noise", "marks", "copy", "cut", "insert", "remove"]),
        st.floats(0, 1, exclude_max=True),
        st.floats(0, 0.3),
        st.integers(0, 2**32),
    ),
    min_size=1,
    max_size=6,
)


def damage(data: bytes, done: list[Damage], keep: int) -> tuple[bytearray, set[int] | None]:
    """Return damaged bytes, and which places changed; None where bytes moved."""
    changed: set[int] = set()
    found, moved = bytearray(data), False
    for kind, where, share, number in done:
        at = keep + int(where * max(1, len(found) - keep))
        size = max(1, int(share * len(found)))
        rng = random.Random(number)
        end = min(len(found), at + size)
        if kind == "flip":
            for place in range(at, min(at + 1, len(found))):
                found[place] ^= 1 + number % 255
                changed.add(place)
            continue
        if kind in ("cut", "insert", "remove"):
            moved = True
            found = {
                "cut": found[:at],
                "insert": found[:at] + rng.randbytes(size % 100) + found[at:],
                "remove": found[:at] + found[at + size % 100 :],
            }[kind]
            continue
        source = rng.randrange(0, len(found) + 1)
        fill_with = {
            "zeros": bytes(end - at),
            "noise": rng.randbytes(end - at),
            "marks": (b"\x1e\x00\x01\x00" * (end - at))[: end - at],
            "copy": bytes(found[source : source + end - at]),
        }[kind]
        found[at : at + len(fill_with)] = fill_with
        changed.update(range(at, at + len(fill_with)))
    return found, None if moved else changed


def scanned(data: bytes, begin: int, name: str, window: int) -> tuple[list[Spooled], int]:
    """Return the records of a segment, read in windows, and how many bytes are damaged."""
    scan = Scan(seed_of(name), begin)
    found: list[Spooled] = []
    while scan.offset < len(data):
        chunk = data[scan.offset : scan.offset + max(window, scan.need)]
        found += scan.feed(chunk, len(data) - scan.offset - len(chunk), lambda a, n: data[a : a + n])
    scan.finish()
    return found, scan.damaged


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes, dict[int, tuple[int, int]]]:
    """The name and the bytes of a segment, and where its records are."""
    path = a_segment(tmp_path_factory.mktemp("intact"))
    return path.stem, path.read_bytes(), places(path)


@settings(max_examples=scaled(10_000))
@given(done=DAMAGE, window=st.integers(1, 3000))
def test_damage_alters_no_record_and_hides_no_intact_one(
    intact: tuple[str, bytes, dict[int, tuple[int, int]]], done: list[Damage], window: int
) -> None:
    name, data, where = intact
    begin = where[0][0]
    damaged, changed = damage(data, done, 0)
    records, bytes_lost = scanned(bytes(damaged), begin, name, window)
    found = [number_of(record) for record in records]  # fails if one was altered
    assert len(found) == len(set(found))
    copied = any(kind == "copy" for kind, *_ in done)  # a copy is a record if its original is damaged
    if not copied:
        assert found == sorted(found)
        moved = bytes(damaged[begin:])
        assert {number for number, (a, b) in where.items() if data[a:b] in moved} <= set(found)
    if changed is not None:
        whole = {number for number, (a, b) in where.items() if not changed & set(range(a, b))}
        assert whole <= set(found)
    if changed is not None and not copied:
        taken = [b - a for number, (a, b) in where.items() if number not in found]
        assert bytes_lost <= sum(taken) + len(damaged) - len(data)
        if found and found[-1] == COUNT - 1:
            assert bytes_lost == sum(taken)


@settings(max_examples=scaled(1_000))
@given(st.data())
def test_damage_of_every_file_crashes_nothing_and_sends_nothing_elsewhere(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with Spool(folder, HERE) as spool:
            fill(spool, COUNT)
            spool.acknowledge(range(5))
            spool.acknowledge(range(9, 12))
        with Spool(folder, THERE) as other:
            fill(other, COUNT, first=1000)
        for path in sorted(folder.iterdir()):
            content = path.read_bytes()
            if content and data.draw(st.booleans()):
                path.write_bytes(damage(content, data.draw(DAMAGE), 0)[0])
        status(folder)
        for backlog in adopt(folder, HERE):
            with backlog:
                assert set(numbers(backlog)) <= set(range(COUNT))
        status(folder)


def test_a_header_that_is_damaged_is_known_from_the_lock(tmp_path: Path) -> None:
    path = a_segment(tmp_path)
    path.write_bytes(bytes(200) + path.read_bytes()[200:])
    (backlog,) = adopt(tmp_path, HERE)
    with backlog:
        assert numbers(backlog) == list(range(COUNT))
    looking = adopt(tmp_path, THERE)
    assert list(looking) == []
    assert looking.elsewhere == 1


def test_where_nothing_says_the_destination_nobody_sends(tmp_path: Path) -> None:
    path = a_segment(tmp_path)
    path.write_bytes(bytes(200) + path.read_bytes()[200:])
    files(tmp_path, ".lock")[0].write_bytes(b"")
    looking = adopt(tmp_path, HERE)
    assert list(looking) == []
    assert looking.unreadable == 1
    assert status(tmp_path).destinations["unknown"].events == COUNT


def test_a_segment_that_says_another_destination_is_left_on_the_disk(tmp_path: Path) -> None:
    path = a_segment(tmp_path / "a")
    with Spool(tmp_path / "b", THERE) as spool:
        fill(spool, 3)
    (other,) = files(tmp_path / "b", ".segment")
    shutil.copy(other, path.with_name(path.name.replace("00000001", "00000002")))
    (backlog,) = adopt(tmp_path / "a", HERE)
    with backlog:
        assert numbers(backlog) == list(range(COUNT))
        backlog.acknowledge(range(COUNT))
        assert backlog.counts["elsewhere"] == 1
    assert len(files(tmp_path / "a")) == 2  # the segment, and the lock that says whose it is


def test_lost_records_between_others_are_counted(tmp_path: Path) -> None:
    path = a_segment(tmp_path)
    where, data = places(path), bytearray(path.read_bytes())
    for number in (7, 8, 20):
        data[where[number][0] + 30] ^= 1
    path.write_bytes(data)
    (backlog,) = adopt(tmp_path, HERE)
    with backlog:
        assert len(numbers(backlog)) == COUNT - 3
        assert len(numbers(backlog)) == COUNT - 3  # read again, counted once
        assert backlog.counts["damaged_records"] == 3
        assert backlog.counts["damaged_bytes"] == sum(where[n][1] - where[n][0] for n in (7, 8, 20))
    assert [one.damaged_bytes for one in status(tmp_path).destinations.values()] == [
        backlog.counts["damaged_bytes"]
    ]


def test_the_free_part_of_a_killed_segment_is_no_damage_and_is_given_back(tmp_path: Path) -> None:
    path = a_segment(tmp_path)
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes() + bytes(1 << 20))
    (backlog,) = adopt(tmp_path, HERE)
    with backlog:
        assert len(numbers(backlog)) == COUNT
        assert backlog.counts["damaged_bytes"] == 0
    assert path.stat().st_size == whole


def test_damage_in_a_segment_of_a_living_owner_counts_what_it_took(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 50)
        (path,) = files(tmp_path, ".segment")
        with path.open("r+b") as file:
            file.seek(2000)
            file.write(b"\xff" * 300)
        found = numbers(spool)
        assert spool.counts["damaged_records"] == 50 - len(found) > 0
        spool.acknowledge(range(50))
    assert not files(tmp_path)


def test_a_segment_of_a_living_owner_that_somebody_cut_ends_there(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 50)
        (path,) = files(tmp_path, ".segment")
        copy = path.read_bytes()[:3001]
        path.unlink()
        path.write_bytes(copy)
        found = numbers(spool)
        assert found == list(range(len(found)))
        assert 20 < len(found) < 50


@pytest.mark.parametrize("mark", [b"\x1e\x00\x01\x00", b"\x1e\x00\x01\x00\xff\xff\xff\x00" + bytes(8)])
def test_a_file_of_false_marks_costs_no_more_than_its_bytes(mark: bytes) -> None:
    scan = Scan(seed_of("x"))
    data = mark * 4000
    assert scan.feed(data, 1 << 30, lambda a, n: data[a : a + n]) == []
    assert scan.offset >= len(data) - OVERHEAD


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 100, 200])
def test_a_segment_that_ends_in_its_header_is_empty(tmp_path: Path, cut: int) -> None:
    path = a_segment(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    (backlog,) = adopt(tmp_path, HERE)
    with backlog:
        assert numbers(backlog) == []
    assert not files(tmp_path)


def test_large_damage_loses_only_what_it_touches(tmp_path: Path) -> None:
    count, rng = scaled(200_000), random.Random(seed())
    with Spool(tmp_path, HERE) as spool:
        fill(spool, count, size=200)
    hit = 0
    for path in files(tmp_path, ".segment"):
        data = bytearray(path.read_bytes())
        for _ in range(len(data) // 100_000):
            at = rng.randrange(1024, len(data))
            data[at : at + 8] = rng.randbytes(8)
            hit += 2  # at most, as two records may be touched
        path.write_bytes(data)
    (backlog,) = adopt(tmp_path, HERE)
    with backlog:
        found: list[Spooled] = list(records(backlog, 1 << 20))
        assert len({number_of(one) for one in found}) == len(found) >= count - hit


@pytest.mark.parametrize("name", ["owner", "base_url", "lane", "digest", "salt"])
@pytest.mark.parametrize("value", [7, None, ["a"]])
def test_a_header_of_other_types_is_damaged(name: str, value: Any) -> None:
    whole = Header("1", "https://a.example", "", "d41d8cd9", "00", 0)
    assert read_header(whole.to_bytes()) is not None
    assert read_header(replace(whole, **{name: value}).to_bytes()) is None
