"""Every Python example of the README and the guides runs, against a local server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^( *)```(\w*)([^\n]*)\n(.*?)^\1```", re.M | re.S)
# A block with a title is its own file, which tests/local/test_testing_guide.py runs.
TITLE = re.compile(r'\s*title="')
NOT_RUN = re.compile(r"# not run: \S+")


def examples(page: Path) -> str:
    """The Python blocks of a page as one program, each line where it stands on the page."""
    lines: list[str] = []
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        indent, language, rest, block = match.groups()
        if language != "python" or TITLE.match(rest) or NOT_RUN.match(block.lstrip()):
            continue
        first = text[: match.start(4)].count("\n")
        lines += [""] * (first - len(lines))
        lines += [line.removeprefix(indent) for line in block.splitlines()]
    return "\n".join(lines)


def test_the_pages_have_examples() -> None:
    assert sum(bool(examples(page).strip()) for page in PAGES) > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_examples_of_the_page_run(page: Path, server: LocalServer, tmp_path: Path) -> None:
    program = tmp_path / f"guide_{page.stem}.py"
    program.write_text(examples(page), encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("HH_")}
    environment |= {"HH_API_KEY": "hh_docs", "HH_API_URL": server.url, "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(program)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    served = "\n".join(f"{one.method} {one.path} {one.status} {one.body[:200]!r}" for one in server.requests)
    assert done.returncode == 0, f"{page.name}:\n{done.stdout}\n{done.stderr}\n{served}"
