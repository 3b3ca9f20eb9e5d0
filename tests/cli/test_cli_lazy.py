"""`--help` loads next to nothing: the parser of a command is made when it is chosen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from honeyhive_ext.cli import parser
from honeyhive_ext.cli.overview import COMMANDS, overview

LISTED = (
    "import sys; before = set(sys.modules)\n{}\nprint(*sorted(set(sys.modules) - before), file=sys.stderr)"
)
RUN = "from honeyhive_ext.cli import main\ntry: main({!r})\nexcept SystemExit: pass"
HEAVY = {
    "attr",
    "attrs",
    "httpx",
    "orjson",
    "sqlite3",
    "ssl",
    "asyncio",
    "typing",
    "logging",
    "json",
    "shutil",
}


def loaded(arguments: list[str]) -> set[str]:
    """Return the modules that a command imports."""
    program = LISTED.format(RUN.format(arguments))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.split("\n")[-2].split())


def test_the_help_loads_a_handful_of_modules_and_not_even_argparse() -> None:
    found = loaded(["--help"])
    assert not found & HEAVY
    assert {name for name in found if name.startswith("honeyhive_ext")} == {
        "honeyhive_ext",
        "honeyhive_ext._version",
        "honeyhive_ext.cli",
        "honeyhive_ext.cli.interrupts",
        "honeyhive_ext.cli.overview",
        "honeyhive_ext.cli.streams",
        "honeyhive_ext.config",
        "honeyhive_ext.config.lazy",
    }
    assert len(found) <= 24, sorted(found)
    assert "argparse" not in found


@pytest.mark.parametrize("line", ["events search", "import", "export", "validate", "doctor", "sessions list"])
def test_the_help_of_a_command_loads_no_client(line: str) -> None:
    found = loaded([*line.split(), "--help"])
    assert not found & {"httpx", "attrs", "orjson", "sqlite3", "ssl"}


def test_the_help_lists_every_command_in_lines_that_fit_a_terminal() -> None:
    assert parser().format_help() == overview()
    assert all(f"  {name} " in overview() for name in COMMANDS)
    assert max(map(len, overview().splitlines())) <= 86
