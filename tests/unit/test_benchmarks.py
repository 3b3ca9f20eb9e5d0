"""What a run of the benchmarks prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import all_jobs
from benchmarks.job import Contender, Job, Must, Program, Target
from benchmarks.process_tree import descendants_cpu, ticks_below
from benchmarks.run import Options, Row, child, run_job
from benchmarks.stubs import Stub

JOBS = all_jobs()


def row(name: str, value: float, rate: float = 1) -> Row:
    return Row(name, values=[value] * 3, rate=[rate] * 3)


def contender(name: str) -> Contender:
    def setup(target: Target) -> None:
        raise AssertionError(target)

    return Contender(name, setup)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["search-dicts", "search-typed", "search-jsonl"])
def test_a_search_is_compared_with_page_numbers_and_the_official_sdk_in_events_a_second(
    name: str,
) -> None:
    job = JOBS[name]
    assert any(one.name.startswith("httpx + orjson") for one in job.rows)
    assert any(one.name == "official SDK" or one.env == "sdk" for one in job.rows)
    assert any(one.name.startswith("honeyhive_ext") for one in job.rows)
    found = [row(one.name, 2, 54_321) for one in job.rows]
    table = report.as_markdown(report.as_json(job, found)).splitlines()
    assert (
        table[2] == "| contender | median, µs of CPU per event | min to max | events a second by the clock |"
    )
    assert table[4] == f"| {job.rows[0].name} | 2.00 | 2.00 to 2.00 | 54,321 |"


def test_events_a_second_are_measured_in_the_rounds_that_measure_cpu() -> None:
    options = Options(rounds=2, seconds=0.01, only="httpx + orjson", pythons={"project": sys.executable})
    (found,) = run_job(JOBS["search-dicts"], options)
    assert found.missing == ""
    assert len(found.rate) == len(found.values) == 2
    assert min(found.rate) > 0


def test_a_program_is_measured_with_its_modules_compiled_in_every_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    source = "import sys; sys.exit(sys.dont_write_bytecode)"
    job = Job("job", "title", (Program("one", source),))
    (found,) = run_job(job, Options(rounds=1, pythons={"project": sys.executable}))
    assert found.missing == ""
    assert found.values


def test_columns_of_growing_numbers_are_in_order() -> None:
    names = ("requests", "requests for 1,000", "requests for 10,000", "requests for 1,000,000")
    found = Row("ours", values=[1], result=dict.fromkeys(reversed(names), 1.0))
    table = report.as_markdown(report.as_json(Job("job", "title", (contender("ours"),)), [found]))
    assert table.splitlines()[2].endswith(f"| {' | '.join(names)} |")


def test_a_goal_is_a_ratio_of_two_rows_or_a_bound_of_one() -> None:
    rows = (contender("ours"), contender("base"))
    musts = (Must("ours", "base", 0.5), Must("ours", "", 40), Must("ours", "", 20), Must("ours", "none", 1))
    job = Job("job", "title", rows, metric="memory", musts=musts)
    goals = report.as_json(job, [row("ours", 30), row("base", 100)])["goals"]
    assert list(map(report.goal_line, goals)) == [
        "ours / base: **0.3** (goal 0.5: reached)",
        "ours: **30** (goal 40: reached)",
        "ours: **30** (goal 20: not reached)",
    ]


def test_a_search_over_a_million_events_has_a_bound_of_memory() -> None:
    job = JOBS["memory-walk"]
    assert job.units == 1_000_000
    assert [(must.ours, must.base, must.at_most) for must in job.musts] == [
        (one.name, "", 40) for one in job.rows
    ]


def test_each_way_of_reading_a_large_range_is_compared_with_to_parquet() -> None:
    job = JOBS["large"]
    names = [one.name for one in job.rows]
    assert job.alone
    assert [(must.ours, must.base) for must in job.musts] == [(name, "to_parquet") for name in names[1:]]
    assert [name.split(", ")[1] for name in names if name.startswith("Spark")] == [
        "1 partition",
        "2 partitions",
        "4 partitions",
    ]


@pytest.mark.parametrize("way", ["to_parquet_dataset, parallel=4", "DuckDB", "scan_events, 2"])
def test_a_way_of_reading_a_large_range_reads_every_event_of_each_round(way: str) -> None:
    job, options = JOBS["large"], Options(pythons={"project": sys.executable})
    contender = next(one for one in job.rows if isinstance(one, Contender) and way in one.name)
    with Stub() as stub:
        for units in (1_500, 2_001):
            with child(job, contender, stub, options, units) as process:
                assert process.answer()["result"] == units


def test_the_cpu_of_processes_counts_all_that_are_below_and_no_others() -> None:
    known = {1: (0, 100), 10: (1, 7), 11: (10, 20), 12: (11, 3), 13: (1, 50)}
    assert ticks_below(10, known) == 23
    assert ticks_below(12, known) == 0
    assert ticks_below(99, known) == 0


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")
def test_the_cpu_of_a_child_process_is_counted_while_it_runs() -> None:
    before = descendants_cpu()
    program = "sum(range(3_000_000)); print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout
        started.stdout.readline()
        assert descendants_cpu() > before
        started.communicate("\n")


def test_results_of_the_large_job_alone_change_no_other_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs, guide, results = tmp_path / "performance.md", tmp_path / "large-data.md", tmp_path / "results.md"
    other = "<!-- results: begin -->\n\nthe usual table\n<!-- results: end -->\n"
    docs.write_text(f"{other}<!-- large: begin -->\nold\n<!-- large: end -->\nafter\n")
    guide.write_text("before\n<!-- large: begin -->\n<!-- large: end -->\n")
    monkeypatch.setattr(report, "DOCS", docs)
    monkeypatch.setattr(report, "GUIDE", guide)
    monkeypatch.setattr(report, "TABLES", results)
    rows = [row("to_parquet", 30, 10_000), row("to_arrow", 15, 25_000), Row("Spark", missing="no pyspark")]
    found = report.as_json(JOBS["large"], rows)
    document = {"date": "2026-01-02", "machine": {"cores": 2}, "load": 0.25, "jobs": [found]}
    report.write_docs(document)
    report.write_docs(document)
    assert docs.read_text().startswith(other)
    assert docs.read_text().endswith("| to_arrow | 25,000 | 15.0 |\n\n<!-- large: end -->\nafter\n")
    assert "| to_parquet | 1.00 | 1.00 |\n| to_arrow | 2.50 | 0.50 |\n" in guide.read_text()
    assert "Load of the machine at the start: 0.2." in guide.read_text()
    assert not results.exists()
