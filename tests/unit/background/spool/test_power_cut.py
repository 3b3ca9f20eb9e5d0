"""A power cut loses writes that were not synced, in any order: a model of it, for each way to sync."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from honeyhive_ext.background.spool import RecordKind, Spool, adopt, growing
from honeyhive_ext.background.spool.tail import Tail
from tests.support.scale import scaled, seed
from tests.support.spooling import HERE, fill, number_of, payload, records

BLOCK = 512


class Disk:
    """Remembers what of each file is on the disk for sure, and what else may be, a block at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.durable: dict[str, bytes] = {}
        self.maybe: dict[str, dict[int, list[bytes]]] = {}

    def look(self) -> None:
        """Note what is in the files: each block may reach the disk as it is now."""
        for path in self.folder.iterdir():
            data, known = path.read_bytes(), self.durable.get(path.name, b"")
            blocks = self.maybe.setdefault(path.name, {})
            for at in range(0, len(data), BLOCK):
                block = data[at : at + BLOCK]
                seen = blocks.setdefault(at, [])
                if block != known[at : at + BLOCK] and (not seen or seen[-1] != block):
                    seen.append(block)

    def synced(self, path: Path) -> None:
        """Note that a file is on the disk as it is."""
        self.durable[path.name] = path.read_bytes()
        self.maybe[path.name] = {}

    def cut(self, rng: random.Random, folder: Path) -> None:
        """Write what a power cut may leave into another folder."""
        folder.mkdir()
        for name in {*self.durable, *self.maybe}:
            if name not in self.durable and rng.random() < 0.2 and not name.endswith(".lock"):
                continue  # its name was not on the disk
            found = bytearray(self.durable.get(name, b""))
            for at, versions in self.maybe.get(name, {}).items():
                if versions and rng.random() < 0.5:
                    block = rng.choice(versions)
                    found.extend(bytes(max(0, at + len(block) - len(found))))
                    found[at : at + len(block)] = block
            (folder / name).write_bytes(found)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk under a spool; what is synced is noted."""
    (tmp_path / "spool").mkdir()
    found = Disk(tmp_path / "spool")
    real = growing.sync_file

    def sync_file(descriptor: int) -> None:
        real(descriptor)
        found.synced(Path(os.readlink(f"/proc/self/fd/{descriptor}")))

    monkeypatch.setattr(growing, "sync_file", sync_file)
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the names of descriptors")
@pytest.mark.parametrize("sync", ["os", "always"])
def test_a_power_cut_alters_nothing_and_loses_nothing_that_was_synced(
    tmp_path: Path, disk: Disk, sync: str
) -> None:
    rng, points = random.Random(seed()), scaled(2_000)
    with Spool(disk.folder, HERE, sync=sync) as spool:  # type: ignore[arg-type]
        for number in range(points):
            spool.append(RecordKind.CREATE, payload(number, rng.randrange(0, 700)))
            if number % 7 == 0:
                spool.acknowledge(range(number // 2))
            disk.look()
            if number % 10 == 0:
                after = tmp_path / f"cut-{number}"
                disk.cut(rng, after)
                found: list[int] = []
                for backlog in adopt(after, HERE):
                    with backlog:
                        found += [number_of(record) for record in records(backlog)]
                        assert sync == "os" or not backlog.counts["damaged_records"]
                assert found == sorted(set(found))
                assert set(found) <= set(range(number + 1))
                if sync == "always":
                    assert set(range(number // 2 + 1, number + 1)) <= set(found)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs the names of descriptors")
def test_an_acknowledgement_is_on_the_disk_before_one_in_a_newer_segment(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from honeyhive_ext.background.spool import acks, supply

    monkeypatch.setattr(supply, "SMALLEST", 4096)
    monkeypatch.setattr(supply, "FIRST_SEGMENT", 4096)
    monkeypatch.setattr(acks, "sync_file", growing.sync_file)
    rng, count = random.Random(seed()), 200
    with Spool(disk.folder, HERE, sync="always", segment_bytes=4096) as spool:
        positions = fill(spool, count)
        for step in range(0, count - 5, 5):
            spool.acknowledge(positions[step : step + 4])  # one in five stays, so no segment is deleted
            disk.look()
            after = tmp_path / f"cut-{step}"
            disk.cut(rng, after)
            left: set[int] = set()
            for backlog in adopt(after, HERE):
                with backlog:
                    left |= {number_of(record) for record in records(backlog)}
            gone = sorted(set(range(count)) - left)
            # What is acknowledged is a prefix of the acknowledgements, but for those within one segment.
            last = max(gone, default=-1)
            again = [number for number in left if number < last - 60 and number % 5 != 4]
            assert again == []


def test_interval_syncs_within_a_tenth_of_a_second_and_then_rests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, real = threading.Semaphore(0), growing.sync_file

    def sync_file(descriptor: int) -> None:
        real(descriptor)
        synced.release()

    monkeypatch.setattr(growing, "sync_file", sync_file)
    with Spool(tmp_path, HERE, sync="interval") as spool:
        fill(spool, 1)
        for number in range(1, 5):
            while synced.acquire(blocking=False):
                pass
            fill(spool, 1, first=number)
            assert synced.acquire(timeout=60)


def test_os_never_waits_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing, "sync_file", lambda _: pytest.fail("synced"))
    with Spool(tmp_path, HERE) as spool:
        fill(spool, 5000, size=500)


def test_threads_that_wait_at_once_share_syncs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count, each, synced, real, append = 8, 25, [], growing.sync_file, Tail.append
    together, changed, appended = threading.Barrier(count), threading.Condition(), [0]

    def noted(tail: Tail, kind: int, content: bytes) -> int:
        position = append(tail, kind, content)
        with changed:
            appended[0] += 1
            changed.notify_all()
        return position

    def sync_file(descriptor: int) -> None:
        synced.append(1)
        with changed:  # until all of this round have appended and wait
            assert changed.wait_for(lambda: appended[0] % count == 0, 60)
        real(descriptor)

    monkeypatch.setattr(Tail, "append", noted)
    monkeypatch.setattr(growing, "sync_file", sync_file)
    with Spool(tmp_path, HERE, sync="always") as spool:

        def work(first: int) -> None:
            for number in range(each):
                together.wait()
                fill(spool, 1, first=first + number)

        threads = [threading.Thread(target=work, args=(n * each,)) for n in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(synced) < count * each / 2  # the first of a round, and one for all the others
        assert len(list(records(spool))) == count * each
