"""`python -m benchmarks [JOB ...]`: run jobs, print the tables, write JSON. `--list` names the jobs."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import jobs, report
from benchmarks.job import Env, Job
from benchmarks.run import ROOT, Options, log, run_job
from benchmarks.stubs import ceiling


def all_jobs() -> dict[str, Job]:
    names = [module.name for module in pkgutil.iter_modules(jobs.__path__)]
    found: list[Job] = [importlib.import_module(f"benchmarks.jobs.{name}").JOB for name in names]
    return {job.name: job for job in found}


def stock_client(python: str, folder: Path) -> dict[str, str]:
    """Generate the stock client from openapi.yaml, without our templates; return the environment for it."""
    config = folder / "config.yml"
    config.write_text("package_name_override: stock_client\npost_hooks: []\n", encoding="utf-8")
    subprocess.run(
        [
            *(python, "-m", "openapi_python_client", "generate", "--path", str(ROOT / "openapi.yaml")),
            *("--config", str(config), "--meta", "none", "--output-path", str(folder / "stock_client")),
        ],
        check=True,
        stdout=sys.stderr,
    )
    return {"PYTHONPATH": str(folder)}


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("jobs", nargs="*", metavar="JOB")
    parser.add_argument("--list", action="store_true", help="print the names of the jobs and exit")
    parser.add_argument(
        "--short", action="store_true", help="a run of minutes: short rounds, a tenth of the large sizes"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="CPU or clock seconds of one round of one contender"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="of the jobs with a fixed number of events")
    parser.add_argument("--only", default="", help="run only the contenders with this in their name")
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument(
        "--write-docs", action="store_true", help="put the results into docs/performance.md and results.md"
    )
    return parser.parse_args()


def main() -> int:
    options = parsed()
    known = all_jobs()
    if options.list:
        for job in known.values():
            print(f"{job.name:16} {job.title}")
        print(f"{'enqueue':16} what one event costs the code that records it (of nox -s bench alone)")
        return 0
    unknown = set(options.jobs) - set(known)
    if unknown:
        print(f"no such job: {', '.join(sorted(unknown))}. There are {', '.join(known)}", file=sys.stderr)
        return 2
    chosen = [known[name] for name in options.jobs or (job.name for job in known.values() if not job.alone)]
    with ExitStack() as stack:
        pythons: dict[Env, str] = {"project": sys.executable}
        environment: dict[str, str] = {}
        if sdk := os.environ.get("BENCH_SDK_PYTHON"):
            pythons["sdk"] = sdk
        stock = os.environ.get("BENCH_STOCK_PYTHON")
        if stock and any(row.env == "stock" for job in chosen for row in job.rows):
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="stock-")))
            environment = stock_client(stock, folder)
            pythons["stock"] = stock
        settings = Options(
            rounds=options.rounds,
            seconds=0.2 if options.short else options.seconds,
            scale=0.1 if options.short else options.scale,
            only=options.only,
            pythons=pythons,
            environment=environment,
        )
        document = {
            "date": time.strftime("%Y-%m-%d"),
            "machine": report.machine(),
            "load": os.getloadavg()[0],
            "versions": report.versions(pythons),
            "stub": ceiling(),
            "jobs": [],
        }
        for job in chosen:
            log(job.name)
            result = report.as_json(job, run_job(job, settings))
            document["jobs"].append(result)
            print(report.as_markdown(result), flush=True)
    print(report.tables({**document, "jobs": []}))
    if options.json:
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if options.write_docs:
        report.write_docs(document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
