"""Every example of the command line runs; the pages that are made from it are current."""

from __future__ import annotations

from pathlib import Path

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.cli.commands import every_parser, top_parser
from honeyhive_ext.cli.overview import COMMANDS
from honeyhive_ext.local import LocalServer
from tests.support import cli_reference

PAGES = cli_reference.pages()
EXAMPLES = sorted({tuple(line) for text in PAGES.values() for line in cli_reference.examples(text)})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_is_what_the_parsers_and_the_skill_file_make(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path]


def test_every_command_and_verb_has_an_example() -> None:
    leaves = [one for one in every_parser(top_parser()) if one._subparsers is None]
    without = [one.prog for one in leaves if not one.examples]
    # These run until they are stopped, or need what a process left behind; their own tests run them.
    assert {name.split()[1] for name in without} <= {"serve", "spool", "open"}
    assert len(leaves) > len(COMMANDS)


@pytest.mark.parametrize("line", EXAMPLES, ids=lambda line: " ".join(line[1:])[:60])
def test_an_example_runs(
    line: tuple[str, ...],
    folder: Path,
    sampled: LocalServer,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.chdir(folder)
    program, *arguments = line
    assert program == "honeyhive-ext"
    if arguments[0] in ("import", "validate") and "failed.jsonl" in arguments:  # an example before writes it
        assert main(["export", "failed.jsonl", "-f", "error exists"]) == 0
    assert main(arguments) == 0, capfdbinary.readouterr().err.decode()
    written = capfdbinary.readouterr()
    assert written.out or written.err
    assert b"Traceback" not in written.err
