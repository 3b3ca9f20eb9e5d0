"""What a run of the benchmarks prints."""

from __future__ import annotations

import sys

import pytest

from benchmarks import report
from benchmarks.__main__ import all_jobs
from benchmarks.job import Contender, Job, Must, Program, Target
from benchmarks.run import Options, Row, run_job

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
