"""What the package and each extra add to an environment, and how long an import takes.

    nox -s bench_extras                  # prints the table
    nox -s bench_extras -- --write-docs  # and puts it into docs/reference/install.md

Each extra is installed alone into an empty environment, from this folder. Its size is that of the files that
pip put there, without compiled files. The time is the median of 21 new interpreters that import, less that of
as many that do not.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "install.md"
TABLE = re.compile(r"(?<=<!-- extras: begin -->\n\n).*?(?=\n\n<!-- extras: end -->)", re.DOTALL)
RUNS = 21
IMPORTS = ("import honeyhive_ext", "from honeyhive_ext import HoneyHive", "from honeyhive_ext import trace")


def extras() -> dict[str, list[str]]:
    """Return the extras of pyproject.toml and what they ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found: dict[str, list[str]] = project["optional-dependencies"]
    return found


def installed(name: str, folder: Path) -> tuple[int, int, Path]:
    """Install the package with one extra; return the bytes, the number of packages and the interpreter."""
    environment = folder / (name or "none")
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    (library,) = (environment / "lib").glob("python*/site-packages")
    before = size(library)
    wanted = f"{ROOT}[{name}]" if name else str(ROOT)
    pip = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
        wanted,
    ]
    subprocess.run(pip, check=True)
    packages = len([one for one in library.glob("*.dist-info") if not one.name.startswith("pip-")])
    return size(library) - before, packages, python


def size(folder: Path) -> int:
    """Return the bytes of the files of a folder, without those that Python compiled."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in paths)


def import_ms(python: Path, statement: str) -> float:
    """Return how much longer an interpreter takes with an import than without, in ms."""
    taken: dict[str, list[float]] = {"pass": [], statement: []}
    for _ in range(RUNS):
        for program, times in taken.items():
            begin = time.perf_counter()
            subprocess.run([str(python), "-c", program], check=True)
            times.append(time.perf_counter() - begin)
    return 1_000 * (statistics.median(taken[statement]) - statistics.median(taken["pass"]))


def measured() -> str:
    """Return both tables as Markdown."""
    rows = ["| install | packages | MB |", "| --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("", *extras()):
            taken, packages, python = installed(name, folder)
            shown = f"honeyhive-ext[{name}]" if name else "honeyhive-ext"
            rows.append(f"| `{shown}` | {packages} | {taken / 1e6:.1f} |")
            print(rows[-1], file=sys.stderr, flush=True)
            if not name:
                alone = python
        rows += ["", "| import | ms |", "| --- | --- |"]
        for statement in IMPORTS:
            import_ms(alone, statement)  # which compiles
            rows.append(f"| `{statement}` | {import_ms(alone, statement):.1f} |")
    return "\n".join(rows)


def main() -> None:
    """Measure and print, and write the page if that is asked for."""
    parser = argparse.ArgumentParser(prog="nox -s bench_extras --", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--write-docs", action="store_true", help="put the tables into docs/reference/install.md"
    )
    options = parser.parse_args()
    table = measured()
    print(table)
    if options.write_docs:
        text = PAGE.read_text("utf-8")
        version = ".".join(map(str, sys.version_info[:3]))
        head = f"Measured {time.strftime('%Y-%m-%d')} with Python {version} on {sys.platform}.\n\n"
        PAGE.write_text(TABLE.sub(lambda _: head + table, text), "utf-8")


if __name__ == "__main__":
    main()
