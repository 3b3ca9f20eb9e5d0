"""What is appended is read, acknowledged and deleted; what is left is adopted by the next process."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import orjson
import pytest

from honeyhive_ext.background.spool import Destination, RecordKind, Spool, SpoolError, adopt, status, supply
from honeyhive_ext.background.spool.spool import SEGMENT_BYTES
from honeyhive_ext.config.secrets import Secret
from tests.support.spooling import HERE, THERE, drain, files, fill, number_of, numbers, payload, records


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """Segments of 4 KiB."""
    monkeypatch.setattr(supply, "SMALLEST", 4096)
    monkeypatch.setattr(supply, "FIRST_SEGMENT", 4096)
    return 4096


def test_records_come_back_in_order_with_kind_payload_and_time(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        assert spool.append(RecordKind.CREATE, b'{"a":1}') == 0
        assert spool.append(RecordKind.UPDATE, b"") == 1
        first, second = records(spool)
    assert (first.kind, first.payload, first.position) == (RecordKind.CREATE, b'{"a":1}', 0)
    assert (second.kind, second.payload, second.position) == (RecordKind.UPDATE, b"", 1)
    assert abs(first.written_at - tmp_path.stat().st_mtime) < 60


def test_what_is_not_acknowledged_is_adopted_after_the_owner_ended(tmp_path: Path) -> None:
    spool = Spool(tmp_path, HERE)
    positions = fill(spool, 100)
    spool.acknowledge(positions[10:90])
    assert drain(tmp_path) == []  # it lives
    spool.close()
    assert drain(tmp_path) == [*range(10), *range(90, 100)]
    assert files(tmp_path) == []


def test_many_segments_are_read_in_windows_and_deleted_one_by_one(tmp_path: Path, small: int) -> None:
    with Spool(tmp_path, HERE, segment_bytes=small) as spool:
        positions = fill(spool, 500)
        assert numbers(spool) == list(range(500))
        before = len(files(tmp_path, ".segment"))
        assert before > 10
        spool.acknowledge(positions[:250])
        assert len(files(tmp_path, ".segment")) < before - 5
        assert numbers(spool) == list(range(250, 500))
        spool.acknowledge(reversed(positions[250:]))
        assert numbers(spool) == []
    assert files(tmp_path) == []


def test_a_backlog_is_read_on_from_any_position_while_it_grows(tmp_path: Path, small: int) -> None:
    with Spool(tmp_path, HERE, segment_bytes=small) as spool:
        fill(spool, 100)
        window = spool.read(49, 1 << 20)
        found = [number_of(one) for one in window.records]
        fill(spool, 100, first=100)
        while not window.end or window.after < 199:
            window = spool.read(window.after, 1 << 20)
            found += [number_of(one) for one in window.records]
        assert found == list(range(50, 200))
        assert spool.read(window.after).records == []
        window = spool.read(9, 300)
        while not window.records:  # what is before it is skipped, a window at a time
            window = spool.read(window.after, 300)
        assert number_of(window.records[0]) == 10


def test_a_record_larger_than_a_segment_has_its_own(tmp_path: Path, small: int) -> None:
    with Spool(tmp_path, HERE, segment_bytes=small) as spool:
        fill(spool, 3)
        fill(spool, 1, size=50_000, first=3)
        fill(spool, 3, first=4)
        assert numbers(spool) == list(range(7))
        assert any(50_000 < path.stat().st_size < 52_000 for path in files(tmp_path, ".segment"))


def test_segments_begin_small_and_grow_to_their_limit(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 1)
        assert files(tmp_path, ".segment")[0].stat().st_size == supply.FIRST_SEGMENT
        fill(spool, 400, size=50_000)
        assert max(path.stat().st_size for path in files(tmp_path, ".segment")) == SEGMENT_BYTES
    total = sum(path.stat().st_size for path in files(tmp_path, ".segment"))
    assert total < 401 * 50_200  # what is not used of the last one was given back


def test_the_owner_of_a_segment_is_the_only_reader_of_its_events(tmp_path: Path) -> None:
    spool = Spool(tmp_path, HERE)
    fill(spool, 5)
    spool.close()
    first, second = adopt(tmp_path, HERE), adopt(tmp_path, HERE)
    (backlog,) = first
    assert list(second) == []
    assert (second.living, second.elsewhere) == (1, 0)
    assert numbers(backlog) == [0, 1, 2, 3, 4]
    backlog.close()
    with pytest.raises(SpoolError) as caught:
        backlog.read()
    assert caught.value.reason == "closed"
    assert drain(tmp_path) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "other",
    [
        THERE,
        Destination("https://b.example", HERE.key),
        Destination(HERE.base_url, HERE.key, lane="blue"),
    ],
)
def test_events_of_another_destination_are_counted_and_left_alone(tmp_path: Path, other: Destination) -> None:
    with Spool(tmp_path, other) as spool:
        fill(spool, 5)
    looking = adopt(tmp_path, HERE)
    assert list(looking) == []
    assert looking.elsewhere == 1
    assert drain(tmp_path, other) == [0, 1, 2, 3, 4]


def test_a_lane_finds_its_events_under_a_new_key(tmp_path: Path) -> None:
    with Spool(tmp_path, Destination("https://a.example", Secret("hh_old"), lane="blue")) as spool:
        fill(spool, 5)
    assert len(drain(tmp_path, Destination("https://a.example", Secret("hh_new"), lane="blue"))) == 5


def test_the_key_is_in_no_file_and_in_no_name(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 5)
        spool.acknowledge([0])
    content = b"".join(path.read_bytes() + path.name.encode() for path in tmp_path.iterdir())
    assert HERE.key.reveal().encode() not in content
    assert b"https://a.example" in content


def test_other_folders_have_other_digests_of_the_same_key(tmp_path: Path) -> None:
    for name in ("a", "b"):
        with Spool(tmp_path / name, HERE) as spool:
            fill(spool, 1)
    assert status(tmp_path / "a").destinations.keys() != status(tmp_path / "b").destinations.keys()
    (tmp_path / "a" / "salt").unlink()
    assert drain(tmp_path / "a") == [0]  # each segment knows its salt


def test_files_are_for_this_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "spool"
    with Spool(folder, HERE) as spool:
        fill(spool, 5)
        spool.acknowledge([0])
        spool.reject(next(records(spool)), "no")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(list(folder.iterdir())) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_what_a_link_leads_to_is_never_touched(tmp_path: Path) -> None:
    folder, precious = tmp_path / "spool", tmp_path / "precious"
    precious.write_bytes(b"precious")
    spool = Spool(folder, HERE)
    fill(spool, 2)
    (folder / "rejected.jsonl").symlink_to(precious)
    (segment,) = files(folder, ".segment")
    segment.with_suffix(".acks").symlink_to(precious)
    spool.reject(next(records(spool)), "no")
    assert spool.counts["rejected_unwritten"] == 1
    assert spool.counts["failed_acknowledgements"] == 1
    spool.close()
    assert precious.read_bytes() == b"precious"
    (folder / f"{'0' * 8}-1-00000001.segment").symlink_to(precious)
    list(adopt(folder, None))
    assert precious.read_bytes() == b"precious"


def test_what_was_refused_is_in_a_file_with_its_reason_and_not_sent_again(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 3)
        for record in list(records(spool))[:2]:
            spool.reject(record, f"reason {record.position}")
        assert numbers(spool) == [2]
        assert spool.counts["rejected"] == 2
    lines = [orjson.loads(line) for line in (tmp_path / "rejected.jsonl").read_bytes().splitlines()]
    assert [(line["reason"], line["event"]["n"], line["kind"]) for line in lines] == [
        ("reason 0", 0, "create"),
        ("reason 1", 1, "create"),
    ]
    assert lines[0]["goes_to"].startswith("https://a.example")
    assert status(tmp_path).rejected_bytes > 0


def test_what_is_given_up_has_a_reason_and_a_count(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 10)
        spool.drop(range(4), "max_age")
        spool.drop([3, 4], "max_age")  # once
        assert spool.counts["dropped_max_age"] == 5
        assert numbers(spool) == list(range(5, 10))


def test_a_record_older_than_max_age_is_shown_as_expired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from honeyhive_ext.background.spool import backlog

    with Spool(tmp_path, HERE, max_age=100) as spool:
        fill(spool, 3)
        now = backlog.time.time()
        assert len(spool.read().records) == 3
        monkeypatch.setattr(backlog.time, "time", lambda: now + 101.5)
        assert len(spool.read().records) == 3  # the clock was set: this spool is younger than that
        begun = backlog.time.monotonic()
        monkeypatch.setattr(backlog.time, "monotonic", lambda: begun + 101.5)
        window = spool.read()
        assert (len(window.records), len(window.expired)) == (0, 3)


def test_the_spool_ends_at_its_bound_with_a_reason_and_goes_on_when_there_is_room(
    tmp_path: Path, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply, "AGAIN", 0)
    with Spool(tmp_path, HERE, segment_bytes=small, max_bytes=10 * small) as spool:
        with pytest.raises(SpoolError) as caught:
            fill(spool, 10_000)
        count = spool.appended
        assert caught.value.reason == "max_bytes"
        assert sum(path.stat().st_size for path in files(tmp_path, ".segment")) <= 10 * small
        assert numbers(spool) == list(range(count))
        spool.acknowledge(range(count))
        fill(spool, 1, first=count)
        assert numbers(spool) == [count]


def test_a_closed_spool_takes_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path, HERE)
    fill(spool, 1)
    spool.close()
    spool.close()
    for use in (
        lambda: fill(spool, 1),
        spool.read,
        lambda: spool.acknowledge([0]),
    ):
        with pytest.raises(SpoolError) as caught:
            use()
        assert caught.value.reason == "closed"
    assert drain(tmp_path) == [0]


def test_a_spool_that_was_not_used_leaves_no_file(tmp_path: Path) -> None:
    Spool(tmp_path, HERE).close()
    assert files(tmp_path) == []


def test_threads_append_read_and_acknowledge_at_once_and_each_record_is_there_once(
    tmp_path: Path, small: int
) -> None:
    threads, each = 8, 400
    found: list[int] = []
    with Spool(tmp_path, HERE, segment_bytes=4 * small) as spool:

        def append(first: int) -> None:
            fill(spool, each, first=first)

        def take() -> None:
            after = -1
            while len(found) < threads * each:
                window = spool.read(after, 2048)
                after = window.after
                found.extend(number_of(one) for one in window.records)
                spool.acknowledge(one.position for one in window.records)

        running = [threading.Thread(target=append, args=(each * n,)) for n in range(threads)]
        running.append(threading.Thread(target=take))
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        assert spool.counts["damaged_bytes"] == spool.counts["damaged_records"] == 0
    assert sorted(found) == list(range(threads * each))
    assert files(tmp_path) == []


def test_the_oldest_owner_is_adopted_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from honeyhive_ext.background.spool import owner

    for number in (3, 1, 2):
        monkeypatch.setattr(owner.time, "time_ns", lambda number=number: number * 10**15)
        with Spool(tmp_path, HERE) as spool:
            fill(spool, 1, first=number)
    assert drain(tmp_path) == [1, 2, 3]


def test_status_counts_events_and_bytes_by_destination_and_changes_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path, THERE) as spool:
        fill(spool, 7)
    (tmp_path / "0-1-00000001.acks").write_bytes(b"")
    living = Spool(tmp_path, HERE)
    fill(living, 10)
    living.acknowledge(range(4))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    found = sorted(status(tmp_path).destinations.values(), key=lambda one: one.events)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert [(one.events, one.living, one.ended, one.damaged_bytes) for one in found] == [
        (6, 1, 0, 0),
        (7, 0, 1, 0),
    ]
    assert found[1].bytes == 7 * len(payload(0))
    living.close()


def test_the_folder_may_change_what_the_working_folder_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spool = Spool("here", HERE)
    fill(spool, 1)
    os.chdir("/")
    spool.acknowledge([0])
    spool.close()
    assert files(tmp_path / "here") == []


def test_the_start_reads_nothing_of_what_others_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from honeyhive_ext.background.spool import secure

    for number in range(5):
        with Spool(tmp_path, HERE) as spool:
            fill(spool, 5, first=5 * number)
    opened: list[Path] = []
    real = secure.reopen

    def reopen(path: Path, flags: int = os.O_RDONLY) -> int:
        opened.append(path)
        return real(path, flags)

    monkeypatch.setattr(secure, "reopen", reopen)
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 1)
        looking = iter(adopt(tmp_path, HERE))
        assert {path.name for path in opened} <= {"salt"}
        with next(looking) as backlog:  # the oldest alone
            assert len({path.name[:36] for path in opened} - {"salt"}) == 1
            assert not [path for path in opened if path.suffix == ".segment"]
            backlog.read()
            assert len({path for path in opened if path.suffix == ".segment"}) == 1


def test_one_owner_that_cannot_be_opened_hides_no_other(tmp_path: Path) -> None:
    for number in range(3):
        with Spool(tmp_path, HERE) as spool:
            fill(spool, 1, first=number)
    lock = files(tmp_path, ".lock")[1]
    lock.unlink()
    lock.mkdir()
    looking = adopt(tmp_path, HERE)
    found = 0
    for backlog in looking:
        with backlog:
            found += len(numbers(backlog))
    assert (found, looking.unreadable) == (2, 1)


def test_what_a_later_version_wrote_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from honeyhive_ext.background.spool import header

    real = header.Destination.header
    monkeypatch.setattr(header.Destination, "header", lambda *given: replace(real(*given), format=2))
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 3)
    looking = adopt(tmp_path, HERE)
    assert list(looking) == []
    assert looking.unreadable == 1
    assert len(files(tmp_path)) == 2


def test_a_payload_that_holds_marks_comes_back_as_it_was(tmp_path: Path) -> None:
    with Spool(tmp_path, HERE) as spool:
        spool.append(RecordKind.CREATE, b'{"n":1}')
        inside = files(tmp_path, ".segment")[0].read_bytes()[:1000]
        spool.append(RecordKind.CREATE, inside)
        spool.append(RecordKind.CREATE, b"\x1e\x00\x01\x00" * 1000)
        found = [record.payload for record in records(spool, 50)]
    assert found == [b'{"n":1}', inside, b"\x1e\x00\x01\x00" * 1000]
