"""Types as users meet them: what must type-check does, and what must not is found, line by line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "tests" / "typing"


def mypy(*paths: Path) -> set[int]:
    """The lines of the files on which mypy --strict, set up as in pyproject.toml, finds an error."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, paths)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    names = "|".join(re.escape(path.name) for path in paths)
    pattern = re.compile(rf"(?:{names}):(\d+): error")
    return {int(number) for number in pattern.findall(done.stdout)}


def pyright(*paths: Path) -> set[int]:
    """The lines of the files on which pyright, set up as in pyproject.toml, finds an error."""
    command = [
        sys.executable,
        "-m",
        "basedpyright",
        "--pythonpath",
        sys.executable,
        "--outputjson",
        *map(str, paths),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"] > 0
    found = report["generalDiagnostics"]
    return {d["range"]["start"]["line"] + 1 for d in found if d["severity"] == "error"}


def marked(path: Path) -> set[int]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return {number for number, line in enumerate(lines, 1) if "# refused:" in line}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_programs_of_users_type_check(checker: object) -> None:
    assert callable(checker)
    paths = sorted(PROGRAMS.glob("accepted*.py"))
    assert len(paths) > 2
    assert checker(*paths) == set()


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_mistakes_of_users_are_found_by_type_checkers(checker: object) -> None:
    assert callable(checker)
    path = PROGRAMS / "refused.py"
    assert len(marked(path)) > 10
    assert checker(path) == marked(path)
