"""A set of Parquet files: what engines read, what a later call fetches, and what is refused."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import shutil
import stat
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet
import pytest

from honeyhive_ext import AsyncHoneyHive, ConfigError, F, HoneyHive, QueryError, summarize
from honeyhive_ext.export import read_parquet
from honeyhive_ext.export.dataset.pending import Pending
from honeyhive_ext.local import LocalServer
from honeyhive_ext.results import exports
from tests.support.dying import Killed, dying
from tests.support.misbehaving import Misbehaving, answer
from tests.support.parquet_sets import BASE, DAY, HOUR, Project, files_in, folders_in, ids_in
from tests.support.scale import scaled


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project whose clients think that it is ten days after `BASE`."""
    monkeypatch.setattr(exports, "now_ms", lambda: BASE + 10 * DAY)
    with Project() as one:
        yield one


def test_engines_read_the_partitions_and_every_event(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(72))
    project.add([None, None])
    folder = tmp_path / "set"
    assert project.hh.events.search(page_size=20).to_parquet_dataset(folder) == 74
    assert folders_in(folder) == [
        "date=2026-01-01",
        "date=2026-01-02",
        "date=2026-01-03",
        "date=__HIVE_DEFAULT_PARTITION__",
    ]
    assert len(files_in(folder)) == 4
    assert ids_in(folder) == project.ids()

    arrow = pyarrow.dataset.dataset(folder, format="parquet", partitioning="hive")
    assert arrow.count_rows() == 74
    day = pyarrow.compute.field("date") == "2026-01-02"
    assert arrow.count_rows(filter=day) == 24
    assert arrow.count_rows(filter=pyarrow.compute.field("date").is_null()) == 2

    frame = polars.scan_parquet(folder / "**/*.parquet", hive_partitioning=True)
    assert frame.filter(polars.col("date") == datetime(2026, 1, 2).date()).collect().height == 24  # noqa: DTZ001
    assert frame.select(polars.col("event_id").n_unique()).collect().item() == 74

    found = duckdb.sql(
        f"select date, count(*), min(start_time) from read_parquet('{folder}/**/*.parquet', "
        "hive_partitioning = true) group by date order by date nulls last"
    ).fetchall()
    dates = [("2026-01-01", 24), ("2026-01-02", 24), ("2026-01-03", 24)]
    assert [(str(row[0]), row[1]) for row in found[:3]] == dates
    assert [row[1] for row in found[3:]] == [2]  # older releases of DuckDB read the text, newer ones null


@pytest.mark.parametrize("most", [None, 50, 51, 52, 53])
def test_many_events_without_a_time_are_not_copied_with_every_partition(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, most: int | None
) -> None:
    monkeypatch.setattr(exports, "now_ms", lambda: BASE + 10 * DAY)
    monkeypatch.setattr("honeyhive_ext.export.dataset.dataset.GROUP_ROWS", 8)
    copied: list[int] = []
    take = Pending.take

    def counted(self: Pending, rest: Pending, buckets: Iterable[int | None]) -> None:
        chosen = [*buckets]
        copied.append(sum(rest.rows[bucket] for bucket in chosen))
        take(self, rest, chosen)

    monkeypatch.setattr(Pending, "take", counted)
    with Project() as project:
        for n in range(24):
            project.add([BASE + n * HOUR])
            project.add([BASE + n * HOUR + 1], metadata={"untimed": True})
        found = project.hh.events.search(page_size=10)
        with contextlib.suppress(Killed), dying(most):
            assert found.to_parquet_dataset(tmp_path, partition="hour") == 48
        found.to_parquet_dataset(tmp_path, partition="hour")
        assert ids_in(tmp_path) == project.ids()
    assert len(copied) >= 5
    assert max(copied) <= 17  # what waits, and a page


def test_a_page_of_many_partitions_is_read_once_and_not_once_for_each(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    write = Pending._write  # pyright: ignore[reportPrivateUsage]

    def counted(self: Pending, batches: Iterable[Any]) -> None:
        listed = [*batches]
        written.append(len(listed))
        write(self, listed)

    monkeypatch.setattr(Pending, "_write", counted)
    project.add(BASE + n * HOUR for n in range(60))
    found = project.hh.events.search(page_size=20)
    assert found.to_parquet_dataset(tmp_path, partition="hour") == 60
    assert len(files_in(tmp_path)) == 60
    assert sum(written) <= 10
    assert ids_in(tmp_path) == project.ids()


def test_hours_and_months_are_partitions_too(project: Project, tmp_path: Path) -> None:
    project.add([BASE + 7 * HOUR, BASE + 8 * HOUR - 0.5, BASE + 8 * HOUR, BASE - 1])
    found = project.hh.events.search()
    assert found.to_parquet_dataset(tmp_path / "hours", partition="hour") == 4
    assert folders_in(tmp_path / "hours") == [
        "date=2025-12-31/hour=23",
        "date=2026-01-01/hour=07",
        "date=2026-01-01/hour=08",
    ]
    hours = duckdb.sql(
        f"select hour, count(*) from read_parquet('{tmp_path}/hours/**/*.parquet', hive_partitioning = true) "
        "group by hour order by hour"
    ).fetchall()
    assert [(int(hour), number) for hour, number in hours] == [(7, 2), (8, 1), (23, 1)]
    assert found.to_parquet_dataset(tmp_path / "months", partition="month") == 4
    assert folders_in(tmp_path / "months") == ["month=2025-12", "month=2026-01"]


def test_a_later_call_fetches_only_what_is_new_or_late(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(100))
    found = project.hh.events.search(page_size=10)
    assert found.to_parquet_dataset(tmp_path) == 100
    before = files_in(tmp_path)
    sent = project.fetched
    assert found.to_parquet_dataset(tmp_path) == 0
    assert project.fetched - sent <= 2  # the last hour
    assert files_in(tmp_path) == before
    project.add([BASE + 99 * HOUR - 1, BASE + 98 * HOUR + 1, BASE + 101 * HOUR])
    sent = project.fetched
    assert found.to_parquet_dataset(tmp_path) == 3
    assert project.fetched - sent <= 6
    assert ids_in(tmp_path) == project.ids()
    project.add([BASE + 95 * HOUR])  # later than an hour
    assert found.to_parquet_dataset(tmp_path) == 0
    assert found.to_parquet_dataset(tmp_path, overlap="2d") == 1
    assert ids_in(tmp_path) == project.ids()


def test_a_time_in_the_future_does_not_hide_what_arrives_before_it(project: Project, tmp_path: Path) -> None:
    project.add([BASE, BASE + 1000 * DAY])
    found = project.hh.events.search()
    assert found.to_parquet_dataset(tmp_path) == 2
    project.add([BASE + 10 * DAY - 10, BASE + 11 * DAY])
    assert found.to_parquet_dataset(tmp_path) == 2
    assert ids_in(tmp_path) == project.ids()


def test_a_stalled_service_loses_nothing(project: Project, tmp_path: Path) -> None:
    """The end of what was searched follows the newest event, not the clock."""
    project.add([BASE, BASE + 5])
    found = project.hh.events.search()
    assert found.to_parquet_dataset(tmp_path) == 2
    project.add([BASE + n * HOUR for n in range(1, 24)])  # hours later, long before now
    assert found.to_parquet_dataset(tmp_path) == 23


def test_ranges_add_up_to_one_set(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(96))
    search = project.hh.events.search

    def add(first: int, last: int) -> int:
        return search(start=BASE + first * DAY, end=BASE + last * DAY).to_parquet_dataset(tmp_path)

    assert add(1, 2) == 25
    assert add(3, 4) == 24
    assert add(0, 4) == 47
    assert ids_in(tmp_path) == project.ids()
    assert search().to_parquet_dataset(tmp_path) == 0
    sent = project.fetched
    assert add(0, 2) == 0
    assert project.fetched == sent
    project.add([None])
    assert search().to_parquet_dataset(tmp_path) == 1
    assert ids_in(tmp_path) == project.ids()


def test_refresh_writes_whole_partitions_anew(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(96))
    project.add([None])
    found = project.hh.events.search(page_size=10)
    found.to_parquet_dataset(tmp_path)
    first = files_in(tmp_path)
    for key in project.times:
        project.hh.events.update(key, metadata={"reviewed": True})
    project.add([BASE + 50 * HOUR])
    assert found.to_parquet_dataset(tmp_path, refresh=BASE + 50 * HOUR) == 49
    reviewed = Counter(
        event["start_time"] >= BASE + 2 * DAY
        for event in read_parquet(tmp_path)
        if event.get("metadata", {}).get("reviewed")
    )
    assert reviewed == {True: 48}
    assert ids_in(tmp_path) == project.ids()
    assert {*first} & {*files_in(tmp_path)} == {one for one in first if "-03" not in one and "-04" not in one}


def test_refresh_of_a_part_of_a_partition_keeps_the_rest(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(48))
    search = project.hh.events.search
    search().to_parquet_dataset(tmp_path)
    part = search(start=BASE + 30 * HOUR, end=BASE + 40 * HOUR)
    assert part.to_parquet_dataset(tmp_path, refresh=BASE) == 11
    assert ids_in(tmp_path) == project.ids()


def test_events_without_ids_and_of_odd_forms_are_there_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Any] = [
        {"event_id": "a", "start_time": BASE},
        {"start_time": BASE, "inputs": {"n": 1}},
        {"start_time": BASE, "inputs": {"n": 1}},
        {"start_time": "2026-01-02T00:00:00Z", "duration": 5, "x": None},
        {"event_id": 7, "start_time": BASE},
        {"event_id": "half \ud800", "start_time": BASE},
        {"event_id": "#1.0", "start_time": BASE, "metrics": {"a": float("nan")}},
        {},
        None,
        [1],
    ]
    page = answer(200, json.dumps({"events": events, "count": len(events)}))
    with Misbehaving(then=lambda _: page) as server, HoneyHive("hh_x", base_url=server.url) as hh:
        assert hh.events.search().to_parquet_dataset(tmp_path) == len(events)
        first = sorted(map(repr, read_parquet(tmp_path)))
        alone = tmp_path.with_suffix(".parquet")
        hh.events.search().to_parquet(alone)
        assert first == sorted(map(repr, read_parquet(alone)))
        assert folders_in(tmp_path) == [
            "date=2026-01-01",
            "date=2026-01-02",
            "date=__HIVE_DEFAULT_PARTITION__",
        ]
        for _ in range(2):
            assert hh.events.search().to_parquet_dataset(tmp_path) == 0
        assert sorted(map(repr, read_parquet(tmp_path))) == first


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"partition": "hour"}, r"partition 'day'.*'hour'"),
        ({"filters": (F.event_type == "model",)}, r"filters 'event_type == tool'.*'event_type == model'"),
        ({"filters": ()}, "filters 'event_type == tool'.*'none'"),
        ({"evaluation_id": "run-1"}, "evaluation_id 'none'.*'run-1'"),
    ],
)
def test_another_search_is_refused_with_the_difference(
    project: Project, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    project.add([BASE])
    search = project.hh.events.search
    search(F.event_type == "tool").to_parquet_dataset(tmp_path)
    sent = project.searches
    partition = change.pop("partition", "day")
    filters = change.pop("filters", (F.event_type == "tool",))
    with pytest.raises(QueryError, match=says):
        search(*filters, **change).to_parquet_dataset(tmp_path, partition=partition)
    assert project.searches == sent


def test_the_order_of_the_filters_does_not_matter(project: Project, tmp_path: Path) -> None:
    project.add([BASE])
    one, two = F.event_type == "tool", F.event_id.exists()
    assert project.hh.events.search(one, two).to_parquet_dataset(tmp_path) == 1
    assert project.hh.events.search(two, one).to_parquet_dataset(tmp_path) == 0


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"partition": "week"}, ConfigError, "day, hour"),
        ({"partition": ["day"]}, ConfigError, "partition"),
        ({"overlap": -1}, QueryError, "overlap"),
        ({"overlap": "soon"}, QueryError, "overlap"),
        ({"overlap": timedelta(-1)}, QueryError, "overlap"),
        ({"refresh": "yesterday"}, QueryError, "refresh"),
        ({"compression": "zip"}, ConfigError, "compression"),
        ({"columns": ["metadta.cost"]}, ConfigError, "metadata"),
        ({"progress": 5}, ConfigError, "progress"),
    ],
)
def test_a_mistyped_argument_is_refused_before_anything_is_sent_or_made(
    project: Project, tmp_path: Path, options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        project.hh.events.search().to_parquet_dataset(tmp_path / "set", **options)
    assert project.searches == 0
    assert not (tmp_path / "set").exists()


def test_limit_and_resume_are_refused(project: Project, tmp_path: Path) -> None:
    project.add([BASE])
    search = project.hh.events.search
    with pytest.raises(QueryError, match="limit"):
        search(limit=5).to_parquet_dataset(tmp_path / "set")
    found = search()
    list(found)
    sent = project.searches
    with pytest.raises(QueryError, match="resume"):
        search(resume=found.checkpoint()).to_parquet_dataset(tmp_path / "set")
    assert project.searches == sent
    assert not (tmp_path / "set").exists()


def planted(folder: Path, what: str) -> Path:
    """Make a folder that is not one of a set."""
    root = folder / "set"
    if what == "file":
        root.write_text("kept")
    elif what == "below a file":
        (folder / "file").write_text("kept")
        return folder / "file" / "set"
    elif what == "other files":
        root.mkdir()
        (root / "notes.txt").write_text("kept")
    elif what == "own name a file":
        root.mkdir()
        (root / "_honeyhive").write_text("kept")
    elif what == "own name a link":
        root.mkdir()
        (folder / "victim").mkdir()
        (root / "_honeyhive").symlink_to(folder / "victim")
    elif what == "manifest a link":
        (root / "_honeyhive").mkdir(parents=True)
        (folder / "victim").write_text("precious")
        (root / "_honeyhive" / "manifest.json").symlink_to(folder / "victim")
    elif what == "damaged manifest":
        (root / "_honeyhive").mkdir(parents=True)
        (root / "_honeyhive" / "manifest.json").write_text('{"version": 1, "filters": 3}')
    elif what == "newer manifest":
        (root / "_honeyhive").mkdir(parents=True)
        (root / "_honeyhive" / "manifest.json").write_text('{"version": 99}')
    elif what == "damaged state":
        (root / "_honeyhive").mkdir(parents=True)
        (root / "_honeyhive" / "run.json").write_text('{"version": 1}')
    elif what == "link to nothing":
        root.symlink_to(folder / "nothing")
    return root


@pytest.mark.parametrize(
    "what",
    [
        "file",
        "below a file",
        "other files",
        "own name a file",
        "own name a link",
        "manifest a link",
        "damaged manifest",
        "newer manifest",
        "damaged state",
        "link to nothing",
    ],
)
def test_a_folder_that_is_not_of_a_set_is_refused_before_the_first_request(
    project: Project, tmp_path: Path, what: str
) -> None:
    root = planted(tmp_path, what)
    content = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for _ in range(2):
        with pytest.raises(ConfigError, match=r"set|file|run\.json"):
            project.hh.events.search().to_parquet_dataset(root)
    assert project.searches == 0
    assert {path: path.read_bytes() for path in content} == content
    assert not [*tmp_path.rglob("*.parquet")]


@pytest.mark.parametrize("path", ["", "s3://bucket/set", None, b"x", "a\0b"])
def test_a_path_that_cannot_be_a_folder_is_refused(project: Project, path: Any) -> None:
    with pytest.raises(ConfigError):
        project.hh.events.search().to_parquet_dataset(path)
    assert project.searches == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(project: Project, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="permission"):
        project.hh.events.search().to_parquet_dataset(tmp_path)
    tmp_path.chmod(0o700)
    assert project.searches == 0


def test_a_folder_may_be_a_link_and_files_are_private(project: Project, tmp_path: Path) -> None:
    project.add([BASE])
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    before = os.umask(0)
    try:
        assert project.hh.events.search().to_parquet_dataset(f"{tmp_path}/link/") == 1
    finally:
        os.umask(before)
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_two_processes_do_not_write_one_set(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n for n in range(40))
    found = project.hh.events.search(page_size=10)
    refused: list[str] = []

    def told(done: int, total: int | None) -> None:
        if not refused:
            with pytest.raises(ConfigError, match="another export") as caught:
                project.hh.events.search().to_parquet_dataset(tmp_path)
            refused.append(str(caught.value))

    assert found.to_parquet_dataset(tmp_path, progress=told) == 40
    assert len(refused) == 1
    assert ids_in(tmp_path) == project.ids()


def test_columns_may_be_added_and_keep_their_type(project: Project, tmp_path: Path) -> None:
    search = project.hh.events.search
    project.add([BASE], metadata={"cost": 0.5, "model": "m"})
    assert search().to_parquet_dataset(tmp_path) == 1
    project.add([BASE + DAY], metadata={"cost": 1, "model": "m"})
    assert search().to_parquet_dataset(tmp_path, columns=["metadata.cost:number"]) == 1
    project.add([BASE + 2 * DAY], metadata={"cost": 2, "model": "m"})
    assert search().to_parquet_dataset(tmp_path, columns=["metadata.cost", "metadata.model"]) == 1
    project.add([BASE + 3 * DAY], metadata={"cost": 3, "model": "m"})
    assert search().to_parquet_dataset(tmp_path) == 1  # without columns: those of the set
    with pytest.raises(ConfigError, match=r"metadata\.cost.*number.*string"):
        search().to_parquet_dataset(tmp_path, columns={"metadata.cost": "string"})
    found = duckdb.sql(
        f"""select "metadata.cost", "metadata.model" from read_parquet('{tmp_path}/**/*.parquet',
        union_by_name = true) order by start_time"""
    ).fetchall()
    assert found == [(None, None), (1.0, None), (2.0, "m"), (3.0, "m")]
    newest = max(tmp_path.glob("date=2026-01-04/*.parquet"))
    arrow = pyarrow.dataset.dataset(tmp_path, schema=pyarrow.parquet.read_schema(newest), format="parquet")
    assert arrow.to_table(["metadata.cost"])["metadata.cost"].to_pylist() == [None, 1.0, 2.0, 3.0]
    frame = polars.scan_parquet(
        tmp_path / "**/*.parquet",
        hive_partitioning=True,
        schema=polars.read_parquet_schema(newest),
        missing_columns="insert",
    )
    assert frame.select("metadata.cost").collect()["metadata.cost"].to_list() == [None, 1.0, 2.0, 3.0]
    late = frame.filter(polars.col("date") > datetime(2026, 1, 2).date())  # noqa: DTZ001
    assert late.select("metadata.model").collect()["metadata.model"].to_list() == ["m", "m"]
    assert ids_in(tmp_path) == project.ids()


def test_an_older_set_gets_the_columns_of_a_newer_version(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.add([BASE])
    found = project.hh.events.search()
    found.to_parquet_dataset(tmp_path)
    path = tmp_path / "_honeyhive" / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["columns"]["feedback"]
    path.write_text(json.dumps(manifest))
    project.add([BASE + DAY])
    assert found.to_parquet_dataset(tmp_path) == 1
    assert "feedback" in json.loads(path.read_text())["columns"]
    for change, says in (({"duration": "string"}, "duration.*string.*number"), ({"new": "json"}, "newer")):
        path.write_text(json.dumps({**manifest, "columns": {**manifest["columns"], **change}}))
        with pytest.raises(ConfigError, match=says):
            found.to_parquet_dataset(tmp_path)


def test_the_async_twin_makes_the_same_set(project: Project, server: LocalServer, tmp_path: Path) -> None:
    server.seed(
        {
            "event_type": "tool",
            "event_id": f"00000000-0000-0000-0000-{n:012}",
            "inputs": {},
            "start_time": BASE + n * HOUR,
        }
        for n in range(60)
    )

    async def main() -> list[int]:
        async with AsyncHoneyHive("hh_x", base_url=server.url) as ahh:
            found = ahh.events.search(page_size=20, parallel=2)
            return [
                await found.to_parquet_dataset(
                    tmp_path / "async", partition="hour", columns=["metadata.x:json"]
                )
                for _ in range(2)
            ]

    assert asyncio.run(main()) == [60, 0]
    with HoneyHive("hh_x", base_url=server.url) as hh:
        hh.events.search().to_parquet_dataset(
            tmp_path / "sync", partition="hour", columns=["metadata.x:json"]
        )
    assert folders_in(tmp_path / "async") == folders_in(tmp_path / "sync")
    assert ids_in(tmp_path / "async") == ids_in(tmp_path / "sync")


def test_after_a_kill_at_any_step_the_next_call_makes_the_same_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exports, "now_ms", lambda: BASE + 10 * DAY)
    with Project() as project:
        project.add(BASE + n * 6 * HOUR for n in range(8))
        project.add([None])
        found = project.hh.events.search(page_size=6)
        most, step = 0, 1 if scaled(20) == 20 else 2
        while True:
            folder = tmp_path / str(most)
            try:
                with dying(most) as count:
                    found.to_parquet_dataset(folder)
            except Killed:
                files_in(folder)
            sent = project.fetched
            added = found.to_parquet_dataset(folder)
            assert ids_in(folder) == project.ids(), most
            assert project.fetched - sent <= 30
            assert not [*(folder / "_honeyhive" / "unfinished").iterdir()]
            if not count.dead:
                assert added == 0
                break
            most += step
        assert most > 40


def test_pages_on_disk_are_not_fetched_again_after_a_kill(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(200))
    found = project.hh.events.search(page_size=10)

    def stop(done: int, total: int | None) -> None:
        if done >= 150:
            raise Killed

    with pytest.raises(Killed):
        found.to_parquet_dataset(tmp_path, progress=stop)
    sent = project.fetched
    assert found.to_parquet_dataset(tmp_path) == 200
    assert project.fetched - sent <= 75  # the rest, the page in flight, and the last hour
    assert ids_in(tmp_path) == project.ids()


def test_a_lost_state_fetches_again_and_writes_nothing_twice(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(100))
    found = project.hh.events.search(page_size=10)

    def stop(done: int, total: int | None) -> None:
        if done >= 60:
            raise Killed

    with pytest.raises(Killed):
        found.to_parquet_dataset(tmp_path, progress=stop)
    assert sum(ids_in(tmp_path).values()) > 20
    (tmp_path / "_honeyhive" / "run.json").unlink()
    found.to_parquet_dataset(tmp_path)
    assert ids_in(tmp_path) == project.ids()


def test_a_reader_sees_only_complete_files_at_any_time(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(120))
    seen: list[int] = []

    def look(done: int, total: int | None) -> None:
        seen.append(len(files_in(tmp_path)))
        assert max(ids_in(tmp_path).values(), default=1) == 1
        assert pyarrow.dataset.dataset(tmp_path, format="parquet", partitioning="hive").count_rows() <= done

    assert project.hh.events.search(page_size=10).to_parquet_dataset(tmp_path, progress=look) == 120
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert len(set(seen)) > 4


@pytest.mark.parametrize("limit", [1, 1_200, 3_000, 20_000, 60_000, 90_000])
def test_a_full_disk_leaves_the_files_and_the_next_call_continues(
    project: Project, tmp_path: Path, limit: int
) -> None:
    project.add([BASE - DAY], metadata={"x": "old"})
    found = project.hh.events.search(page_size=20)
    assert found.to_parquet_dataset(tmp_path) == 1
    (old,) = files_in(tmp_path)
    for n in range(100):
        project.add([BASE + n * HOUR], metadata={"x": os.urandom(2_000).hex()})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OSError, match=rf"too large.*{tmp_path.name}"):
            found.to_parquet_dataset(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert old in files_in(tmp_path)
    assert found.to_parquet_dataset(tmp_path) >= 0
    assert ids_in(tmp_path) == project.ids()
    assert not [*(tmp_path / "_honeyhive" / "unfinished").iterdir()]


def test_memory_does_not_grow_with_a_partition(server: LocalServer, tmp_path: Path) -> None:
    number = scaled(100_000, 3_000)
    server.seed(
        {"event_type": "tool", "inputs": {"text": f"{n}" * 200}, "start_time": BASE + n}
        for n in range(number)
    )
    with HoneyHive("hh_x", base_url=server.url) as hh:
        hh.events.search(end=BASE + 500, page_size=100).to_parquet_dataset(tmp_path / "warm")
        peaks = []
        for last in (number // 10, number):
            tracemalloc.start()
            found = hh.events.search(end=BASE + last, page_size=100)
            found.to_parquet_dataset(tmp_path / str(last))
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 1_000_000


def test_a_killed_process_is_continued_by_the_next(server: LocalServer, tmp_path: Path) -> None:
    server.seed({"event_type": "tool", "inputs": {}, "start_time": BASE + n * HOUR} for n in range(400))
    program = [sys.executable, "-m", "tests.support.exporter", server.url, str(tmp_path / "set")]
    command = [*program, "to_parquet_dataset", "10", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 200:
                process.kill()
                break
    assert 0 < len(files_in(tmp_path / "set")) < 17
    with HoneyHive("hh_x", base_url=server.url) as hh:
        assert hh.events.search(page_size=10).to_parquet_dataset(tmp_path / "set") == 400
    assert ids_in(tmp_path / "set") == Counter(event["event_id"] for event in server.events())


def test_the_default_overlap_is_an_hour(project: Project, tmp_path: Path) -> None:
    project.add([BASE, BASE + DAY])
    found = project.hh.events.search()
    found.to_parquet_dataset(tmp_path)
    project.add([BASE + DAY - HOUR])
    project.add([BASE + DAY - HOUR - 1])
    assert found.to_parquet_dataset(tmp_path) == 1


def test_progress_tells_what_was_added(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(30))
    told: list[tuple[int, int | None]] = []
    found = project.hh.events.search(page_size=10)
    found.to_parquet_dataset(tmp_path, progress=lambda *now: told.append(now))
    assert told[-1] == (30, None)
    assert told == sorted(told)


def test_a_partition_may_be_deleted_or_merged(project: Project, tmp_path: Path) -> None:
    project.add(BASE + n * HOUR for n in range(96))
    found = project.hh.events.search(page_size=10)
    found.to_parquet_dataset(tmp_path)
    project.add([BASE + 95 * HOUR + 1])
    found.to_parquet_dataset(tmp_path)
    shutil.rmtree(tmp_path / "date=2026-01-01")
    last = tmp_path / "date=2026-01-04"
    files = [*last.iterdir()]
    assert len(files) == 2
    merged = pyarrow.concat_tables([pyarrow.parquet.ParquetFile(path).read() for path in files])
    pyarrow.parquet.write_table(merged, last / "merged.parquet")
    for path in files:
        path.unlink()
    project.add([BASE + 95 * HOUR + 2])
    assert found.to_parquet_dataset(tmp_path) == 1
    kept = {key for key, time in project.times.items() if time is not None and time >= BASE + DAY}
    assert ids_in(tmp_path) == Counter(kept)


def test_a_file_of_somebody_else_in_a_partition_is_named(project: Project, tmp_path: Path) -> None:
    project.add([BASE])
    found = project.hh.events.search()
    found.to_parquet_dataset(tmp_path)
    foreign = tmp_path / "date=2026-01-01" / "foreign.parquet"
    project.add([BASE + 1])
    for content in (b"no Parquet", None):
        if content is None:
            pyarrow.parquet.write_table(pyarrow.table({"x": [1]}), foreign)
        else:
            foreign.write_bytes(content)
        with pytest.raises(ConfigError, match=r"foreign\.parquet"):
            found.to_parquet_dataset(tmp_path)
    foreign.unlink()
    assert found.to_parquet_dataset(tmp_path) == 1
    assert ids_in(tmp_path) == project.ids()


@pytest.mark.parametrize("damage", ["cut", "empty", "pages", "columns", "types"])
def test_a_damaged_file_is_named_and_its_events_are_fetched_again(
    project: Project, tmp_path: Path, damage: str
) -> None:
    project.add(BASE + n * HOUR for n in range(72))
    found = project.hh.events.search()
    found.to_parquet_dataset(tmp_path)
    (path,) = tmp_path.glob("date=2026-01-03/*")
    content = path.read_bytes()
    if damage == "cut":
        path.write_bytes(content[:-100])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "pages":
        path.write_bytes(content[:4] + bytes(len(content) // 2) + content[4 + len(content) // 2 :])
    elif damage == "columns":
        pyarrow.parquet.write_table(pyarrow.table({"x": [1]}), path)
    else:
        pyarrow.parquet.write_table(pyarrow.table({"event_id": [1], "start_time": [["x"]]}), path)
    project.add([BASE + 71 * HOUR + 1])
    part = project.hh.events.search(start=BASE + 60 * HOUR, end=BASE + 90 * HOUR)
    with pytest.raises(ConfigError, match=rf"{path.name} is not a file of this set.*refresh="):
        part.to_parquet_dataset(tmp_path, refresh=BASE + 2 * DAY)
    if damage not in ("columns", "types"):
        with pytest.raises(ConfigError, match=rf"{path.name} cannot be read as a Parquet file"):
            list(read_parquet(tmp_path))
    path.unlink()
    part.to_parquet_dataset(tmp_path)
    found.to_parquet_dataset(tmp_path, refresh=BASE + 2 * DAY)
    assert ids_in(tmp_path) == project.ids()


def test_a_hidden_file_in_a_partition_is_ignored_and_kept(project: Project, tmp_path: Path) -> None:
    """MacOS puts `._name` next to a file, and other programs put `_name`."""
    project.add([BASE])
    found = project.hh.events.search()
    assert found.to_parquet_dataset(tmp_path) == 1
    others = [tmp_path / "date=2026-01-01" / name for name in ("._part-1.parquet", "_copying.parquet")]
    for other in others:
        other.write_bytes(b"not Parquet")
    project.add([BASE + 5])
    assert found.to_parquet_dataset(tmp_path) == 1
    assert found.to_parquet_dataset(tmp_path, refresh=BASE) == 2
    assert [other.read_bytes() for other in others] == [b"not Parquet"] * 2
    assert ids_in(tmp_path) == project.ids()


def test_an_interrupted_run_continues_with_more_columns(project: Project, tmp_path: Path) -> None:
    project.add((BASE + n * HOUR for n in range(60)), metadata={"cost": 1})
    found = project.hh.events.search(page_size=10)

    def stop(done: int, total: int | None) -> None:
        if done >= 15:
            raise Killed

    with pytest.raises(Killed):
        found.to_parquet_dataset(tmp_path, progress=stop)
    assert found.to_parquet_dataset(tmp_path, columns=["metadata.cost"]) == 60
    assert ids_in(tmp_path) == project.ids()
    schemas = {str(pyarrow.parquet.read_schema(path)) for path in tmp_path.glob("**/*.parquet")}
    assert len(schemas) == 1
    assert "metadata.cost: int64" in schemas.pop()
    costs = duckdb.sql(f"""select sum("metadata.cost") from read_parquet('{tmp_path}/**/*.parquet')""")
    assert costs.fetchall() == [(60,)]


def test_events_that_are_kept_by_refresh_have_the_values_of_new_columns(
    project: Project, tmp_path: Path
) -> None:
    odd = {"cost": 1, "a.b": [None, {"n": 2**60, "text": "\u00e9"}]}
    project.add((BASE + n * HOUR for n in range(24)), metadata=odd)
    project.hh.events.search().to_parquet_dataset(tmp_path)
    before = sorted(map(repr, read_parquet(tmp_path)))
    part = project.hh.events.search(start=BASE + 20 * HOUR, end=BASE + 30 * HOUR)
    assert part.to_parquet_dataset(tmp_path, refresh=BASE, columns=["metadata.cost:number"]) == 4
    (path,) = tmp_path.glob("date=*/*.parquet")
    assert pyarrow.parquet.read_table(path)["metadata.cost"].to_pylist() == [1.0] * 24
    assert sorted(map(repr, read_parquet(tmp_path))) == before


def test_a_cancelled_task_leaves_a_set_that_the_next_call_continues(
    server: LocalServer, tmp_path: Path
) -> None:
    server.seed({"event_type": "tool", "inputs": {}, "start_time": BASE + n * HOUR} for n in range(100))

    async def main() -> int:
        async with AsyncHoneyHive("hh_x", base_url=server.url) as ahh:
            found = ahh.events.search(page_size=10)

            def stop(done: int, total: int | None) -> None:
                if done >= 50:
                    running.cancel()

            running = asyncio.create_task(found.to_parquet_dataset(tmp_path, progress=stop))
            with pytest.raises(asyncio.CancelledError):
                await running
            return await found.to_parquet_dataset(tmp_path)

    assert asyncio.run(main()) == 100
    assert ids_in(tmp_path) == Counter(event["event_id"] for event in server.events())


def test_a_set_is_summarized_like_a_file(project: Project, tmp_path: Path) -> None:
    project.add([BASE, BASE + DAY])
    project.hh.events.search().to_parquet_dataset(tmp_path / "set")
    assert summarize(tmp_path / "set").total.count == 2
    (tmp_path / "other").mkdir()
    with pytest.raises(ConfigError, match="other"):
        summarize(tmp_path / "other")
