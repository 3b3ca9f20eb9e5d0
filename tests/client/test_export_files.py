"""The files that exports write: decided before the first request, private, and never somebody else's."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import random
import resource
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import AsyncHoneyHive, ConfigError, HoneyHive, QueryError
from honeyhive_ext.export import read_parquet
from honeyhive_ext.files.json_lines import json_lines
from honeyhive_ext.local import LocalServer
from tests.client.test_export_jsonl import settle

FORMS = ["to_jsonl", "to_parquet"]
PACKED = [".jsonl", ".jsonl.gz", ".jsonl.zst"]


class Stop(Exception):  # noqa: N818
    """Interrupts an export."""


def stop_after(pages: int) -> Callable[[int, int | None], None]:
    told: list[int] = []

    def tell(done: int, total: int | None) -> None:
        told.append(done)
        if len(told) >= pages:
            raise Stop

    return tell


def fill(server: LocalServer, number: int = 100) -> None:
    server.seed({"event_type": "tool", "inputs": {"n": n}, "start_time": 1000 + n} for n in range(number))


def searches(server: LocalServer) -> int:
    return sum(one.path == "/v1/events/search" for one in server.requests)


def numbers(path: Path) -> list[int]:
    with path.open("rb") as file:
        return [json.loads(line)["inputs"]["n"] for line in json_lines(file)]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def impossible(folder: Path) -> dict[str, Any]:
    (folder / "folder").mkdir()
    (folder / "file").write_text("kept")
    os.mkfifo(folder / "pipe")
    (folder / "circle").symlink_to("circle")
    LocalServer(folder / "events.db").close()
    names = ("folder", "pipe", "circle", "events.db", "file/x", "n" * 250, "x.bz2", "x.zip")
    return {
        **{name: folder / name for name in names},
        "slash": f"{folder}/new/",
        "url": "s3://bucket/x",
        "device": os.devnull,
        "empty": "",
        "none": None,
        "bytes": b"x",
    }


@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_written_is_refused_before_the_first_request(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    fill(server)
    monkeypatch.chdir(tmp_path)
    targets = impossible(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for target in targets.values():
        with pytest.raises(ConfigError):
            getattr(hh.events.search(), form)(target)

    async def main() -> None:
        async with AsyncHoneyHive("x", base_url=server.url) as ahh:
            for target in targets.values():
                with pytest.raises(ConfigError):
                    await getattr(ahh.events.search(), form)(target)

    asyncio.run(main())
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "kept"
    assert searches(server) == 0


def test_parquet_that_is_compressed_from_outside_is_refused(hh: HoneyHive, tmp_path: Path) -> None:
    for end in (".gz", ".zst"):
        with pytest.raises(ConfigError, match="compressed inside"):
            hh.events.search().to_parquet(tmp_path / f"x.parquet{end}")


@pytest.mark.parametrize("form", FORMS)
def test_new_files_are_private_and_an_old_one_keeps_its_mode_and_its_link(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, form: str
) -> None:
    fill(server)
    export = getattr(hh.events.search(page_size=20), form)
    before = os.umask(0)
    try:
        with pytest.raises(Stop):
            export(tmp_path / "x", progress=stop_after(2))
        assert {mode(one) for one in tmp_path.iterdir()} == {0o600}
        assert export(tmp_path / "x") == 100
        assert mode(tmp_path / "x") == 0o600
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "old").write_text("old")
        (tmp_path / "data" / "old").chmod(0o640)
        (tmp_path / "link").symlink_to("data/old")
        assert export(tmp_path / "link") == 100
    finally:
        os.umask(before)
    assert (tmp_path / "link").is_symlink()
    assert mode(tmp_path / "data" / "old") == 0o640
    assert (tmp_path / "data" / "old").read_bytes() == (tmp_path / "x").read_bytes()
    assert {one.name for one in tmp_path.rglob("*")} == {"x", "data", "old", "link"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", [".part", ".checkpoint", ".checkpoint.new", ".new"])
@pytest.mark.parametrize("what", ["link", "hard link", "pipe", "folder"])
def test_what_is_planted_next_to_a_file_is_refused_before_the_first_request(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, form: str, end: str, what: str
) -> None:
    fill(server)
    victim, planted = tmp_path / "victim", tmp_path / f"x{end}"
    victim.write_text("precious")
    {
        "link": lambda: planted.symlink_to(victim),
        "hard link": lambda: planted.hardlink_to(victim),
        "pipe": lambda: os.mkfifo(planted),
        "folder": planted.mkdir,
    }[what]()
    used = form == "to_parquet" or end != ".new"
    if used:
        with pytest.raises(ConfigError, match="delete"):
            getattr(hh.events.search(), form)(tmp_path / "x")
        assert searches(server) == 0
        assert not (tmp_path / "x").exists()
    else:
        assert getattr(hh.events.search(), form)(tmp_path / "x") == 100
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("pages", [1, 2, 4])
@pytest.mark.parametrize("end", PACKED)
def test_a_packed_export_continues_and_is_what_its_name_says(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, end: str, pages: int
) -> None:
    fill(server)
    path = tmp_path / f"events{end}"
    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_jsonl(path, progress=stop_after(pages))
    with path.with_name(f"{path.name}.part").open("ab") as part:
        part.write(b"\x1f\x8bhalf a member")
    assert hh.events.search(page_size=20).to_jsonl(path) == 100
    assert numbers(path) == list(range(99, -1, -1))
    if end.endswith(".gz"):
        assert gzip.decompress(path.read_bytes()).count(b"\n") == 100
    assert path.read_bytes()[:2] == {"l": b'{"', "z": b"\x1f\x8b", "t": b"\x28\xb5"}[end[-1]]


@pytest.mark.parametrize("end", PACKED)
def test_a_packed_export_without_events_is_a_file_of_its_form(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, end: str
) -> None:
    assert hh.events.search().to_jsonl(tmp_path / f"x{end}") == 0
    assert numbers(tmp_path / f"x{end}") == []
    assert bool((tmp_path / f"x{end}").read_bytes()) is (end != ".jsonl")


def test_an_export_of_another_packing_is_not_continued(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server)
    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_jsonl(tmp_path / "x.gz", progress=stop_after(2))
    settle()
    for end in (".part", ".checkpoint"):
        (tmp_path / f"x.gz{end}").rename(tmp_path / f"x{end}")
    with pytest.raises(QueryError, match="another form"):
        hh.events.search(page_size=20).to_jsonl(tmp_path / "x")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "name", ["run:1/x", "a?b#c%20", "~draft", "ü\u2028", "\udcff", "s3:x", " "], ids=ascii
)
def test_a_name_is_a_name_to_the_end(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, name: str
) -> None:
    fill(server)
    monkeypatch.chdir(tmp_path)
    assert getattr(hh.events.search(), form)(name) == 100
    assert [one for one in tmp_path.rglob("*") if one.is_file()] == [tmp_path / name]
    if form == "to_parquet":
        assert len(list(read_parquet(name))) == 100


@pytest.mark.parametrize("form", FORMS)
def test_a_relative_path_stays_where_it_was(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    fill(server)
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    getattr(hh.events.search(page_size=20), form)("x", progress=lambda *_: os.chdir(tmp_path / "there"))
    assert [one.name for one in (tmp_path / "here").iterdir()] == ["x"]
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("limit", [1, 5000, 100_000, 101_000, 102_000, 103_000, 104_000, 105_000])
def test_a_full_disk_leaves_the_old_file_and_the_export_continues_when_there_is_room(
    hh: HoneyHive, server: LocalServer, tmp_path: Path, form: str, limit: int
) -> None:
    rng = random.Random(limit)  # the sizes of packed files are the same in every run
    server.seed({"event_type": "tool", "inputs": {"n": n, "x": rng.randbytes(500).hex()}} for n in range(200))
    (tmp_path / "x").write_text("old")
    export = getattr(hh.events.search(page_size=20), form)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OSError, match=r"too large.*x\.part"):
            export(tmp_path / "x")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (tmp_path / "x").read_text() == "old"
    assert export(tmp_path / "x") == 200
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_a_child_that_was_forked_during_an_export_does_not_keep_it_locked(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    fill(server)
    children: list[int] = []
    reading, writing = os.pipe()

    def fork(done: int, total: int | None) -> None:
        child = os.fork()
        if child == 0:
            os.close(writing)
            os.read(reading, 1)  # until the parent has closed its end
            os._exit(0)
        children.append(child)
        raise Stop

    with pytest.raises(Stop):
        hh.events.search(page_size=20).to_jsonl(tmp_path / "x", progress=fork)
    try:
        assert hh.events.search(page_size=20).to_jsonl(tmp_path / "x") == 100
    finally:
        os.close(writing)
        os.close(reading)
        for child in children:
            os.waitpid(child, 0)
