"""Results as text, JSON, one table for docs/performance.md and all tables for results.md."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.job import Env, Job, Must
from benchmarks.run import Row

DOCS = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
TABLES = Path(__file__).resolve().parent / "results.md"
GUIDE = DOCS.with_name("large-data.md")
UNITS = {"cpu": "µs of CPU", "rate": "a second", "memory": "MB", "count": ""}
PACKAGES = (
    "aiohttp",
    "attrs",
    "honeyhive",
    "honeyhive-ext",
    "httpcore",
    "httpx",
    "httpx-aiohttp",
    "jsonschema",
    "jsonschema-rs",
    "openapi-python-client",
    "orjson",
)
VERSIONS = (
    "import importlib.metadata as m, json, sys\n"
    "found = {d.metadata['Name'].lower().replace('_', '-'): d.version for d in m.distributions()}\n"
    "print(json.dumps({n: found[n] for n in sys.argv[1:] if n in found}))"
)


def machine() -> dict[str, Any]:
    """Return what the figures depend on, without names of the machine."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions(pythons: Mapping[Env, str]) -> dict[str, str]:
    import json

    found: dict[str, str] = {}
    for python in dict.fromkeys(pythons.values()):
        text = subprocess.run([python, "-c", VERSIONS, *PACKAGES], capture_output=True, text=True, check=True)
        found = json.loads(text.stdout) | found
    return dict(sorted(found.items()))


def unit(job: Job) -> str:
    if job.metric == "cpu":
        return "ms of CPU a process" if job.step == 0 else f"µs of CPU per {job.unit}"
    if job.metric == "rate":
        return f"{job.unit}s a second"
    return "MB" if job.metric == "memory" else ""


def verdict(job: Job, must: Must, rows: Mapping[str, Row]) -> dict[str, Any] | None:
    """Return the ratio of two rows of one run, or the figure of one row, with its goal."""
    ours, base = rows.get(must.ours), rows.get(must.base)
    if not (ours and ours.values and (not must.base or (base and base.values))):
        return None
    ratio = ours.median / (base.median if base else 1)
    good = ratio >= must.at_most if job.metric == "rate" else ratio <= must.at_most
    return {
        "ours": must.ours,
        "base": must.base,
        "ratio": ratio,
        "must": must.at_most,
        "then": must.then,
        "reached": good,
        "says": must.says,
        "figure": ours.median,
    }


def as_json(job: Job, rows: list[Row]) -> dict[str, Any]:
    named = {row.name: row for row in rows}
    return {
        "job": job.name,
        "title": job.title,
        "unit": unit(job),
        "rows": [
            {"contender": row.name, "missing": row.missing}
            if not row.values
            else {
                "contender": row.name,
                "median": row.median,
                "min": min(row.values),
                "max": max(row.values),
                "rounds": row.values,
                **({"cpu": row.cpu} if job.metric == "rate" else {}),
                **({f"{job.unit}s a second by the clock": median(row.rate)} if job.clock else {}),
                **row.result,
            }
            for row in rows
        ],
        "goals": [v for must in job.musts if (v := verdict(job, must, named))],
    }


def number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _by_name_then_size(column: str) -> tuple[str, int, str]:
    """Return a key that sorts 1,000,000 after 10,000."""
    return column.rstrip("0123456789,"), len(column), column


def as_markdown(result: Mapping[str, Any]) -> str:
    """Return one job as a heading, a table and the goals."""
    rows = [row for row in result["rows"] if "median" in row]
    extra = sorted(
        {key for row in rows for key in row} - {"contender", "median", "min", "max", "rounds", "cpu"},
        key=_by_name_then_size,
    )
    lines = [f"### `{result['job']}`: {result['title']}", ""]
    if result["unit"]:
        columns = [f"median, {result['unit']}", "min to max", *extra]
    else:
        columns = extra
    lines += [f"| contender | {' | '.join(columns)} |", "|---|" + "---|" * len(columns)]
    for row in rows:
        cells = (
            [number(row["median"]), f"{number(row['min'])} to {number(row['max'])}"] if result["unit"] else []
        )
        cells += [number(row[key]) if key in row else "" for key in extra]
        lines.append(f"| {row['contender']} | {' | '.join(cells)} |")
    lines += [
        f"| {r['contender']} | not measured: {r['missing']} |" for r in result["rows"] if "missing" in r
    ]
    for goal in result["goals"]:
        lines += ["", goal_line(goal)]
    return "\n".join(lines) + "\n"


def goal_line(goal: Mapping[str, Any]) -> str:
    base = f" / {goal['base']}" if goal["base"] else ""
    text = f"{goal['ours']}{base}: **{goal['ratio']:.3g}**"
    if goal["must"] < 1e6:
        text += f" (goal {goal['must']:.3g}: {'reached' if goal['reached'] else 'not reached'})"
    if goal["then"]:
        text += f" (next goal {goal['then']:.3g})"
    return text


def write_docs(document: Mapping[str, Any]) -> None:
    """Put the jobs' tables between the markers of docs/, and all tables into results.md.

    A job with a session of its own has its own tables, and a run of it alone changes no other.
    """
    usual = [job for job in document["jobs"] if job["job"] != "large"]
    for job in document["jobs"]:
        if job["job"] == "large":
            head = f"{measured(document)} Load of the machine at the start: {document['load']:.1f}.\n\n"
            put(DOCS, "large", head + large_figures(job))
            put(GUIDE, "large", head + large_ratios(job))
    if usual:
        document = {**document, "jobs": usual}
        put(DOCS, "results", summary(document))
        TABLES.write_text(f"# Results\n\n{INTRODUCTION}\n\n{tables(document)}", encoding="utf-8")


def put(page: Path, block: str, text: str) -> None:
    """Replace what is between two markers of a page."""
    begin, end = f"<!-- {block}: begin -->", f"<!-- {block}: end -->"
    before, rest = page.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")


def large_figures(job: Mapping[str, Any]) -> str:
    """Return the table for docs/performance.md: what each way of reading a large range costs."""
    lines = ["| way | events a second | µs of CPU per event |", "|---|---|---|"]
    lines += [
        f"| {row['contender']} | {number(row[RATE])} | {number(row['median'])} |"
        for row in job["rows"]
        if "median" in row
    ]
    return "\n".join(lines) + "\n"


def large_ratios(job: Mapping[str, Any]) -> str:
    """Return the table for docs/large-data.md: the same next to the first row."""
    base, *others = (row for row in job["rows"] if "median" in row)
    lines = [f"| way | events a second, {base['contender']} = 1 | CPU per event, the same |", "|---|---|---|"]
    for row in (base, *others):
        rate, cpu = row[RATE] / base[RATE], row["median"] / base["median"]
        lines.append(f"| {row['contender']} | {rate:.2f} | {cpu:.2f} |")
    return "\n".join(lines) + "\n"


RATE = "events a second by the clock"
INTRODUCTION = (
    "Written by `nox -s bench -- --write-docs`. README.md says how it is measured, and which goals were not "
    "reached."
)


def summary(document: Mapping[str, Any]) -> str:
    """Return the table for users: what costs how much, next to what."""
    lines = [
        measured(document),
        "",
        "| what | costs | ratio | to |",
        "|---|---|---|---|",
    ]
    for job in document["jobs"]:
        for goal in job["goals"]:
            if goal["says"]:
                cost = f"{number(goal['figure'])} {job['unit']}"
                lines.append(f"| {goal['says']} | {cost} | {goal['ratio']:.3g} | {goal['base']} |")
    return "\n".join(lines) + "\n"


def measured(document: Mapping[str, Any]) -> str:
    return f"Measured {document['date']}. {machine_line(document)}."


def machine_line(document: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in document["machine"].items())


def tables(document: Mapping[str, Any]) -> str:
    what = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    ceiling = ", ".join(f"{value:,} {key}" for key, value in document["stub"].items())
    head = [
        measured(document),
        f"Versions: {what}.",
        f"The stub server alone: {ceiling}.",
    ]
    return "\n\n".join(head) + "\n\n" + "\n".join(as_markdown(result) for result in document["jobs"])
