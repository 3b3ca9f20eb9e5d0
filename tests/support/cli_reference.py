"""docs/cli-reference.md and docs/agents.md, made from the parsers and from SKILL.md; compared, or written.

`python -m tests.support.cli_reference` compares, and `--write` writes.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from honeyhive_ext.cli.commands import Parser, every_parser, top_parser
from honeyhive_ext.cli.guidance import skill
from honeyhive_ext.cli.overview import EPILOG

DOCS = Path(__file__).resolve().parents[2] / "docs"
_FENCE = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)

HEAD = Path(__file__).with_name("cli_reference_head.md")


def page() -> str:
    """Return the reference page."""
    parts = [HEAD.read_text(encoding="utf-8") + "\n".join(_statuses()) + "\n"]
    parts += [_section(parser) for parser in every_parser(top_parser())[1:]]
    return "\n".join(parts)


def _statuses() -> Iterator[str]:
    for status, meaning in re.findall(r"^  (\d+) +(.+)$", EPILOG, re.M):
        yield f"| {status} | {meaning} |"


def _section(parser: Parser) -> str:
    name = parser.prog.partition(" ")[2]
    level = "###" if " " in name else "##"
    lines = [f"{level} {name}", "", str(parser.description), ""]
    actions = [action for action in parser._actions if action.help is not argparse.SUPPRESS]
    if any(isinstance(action, argparse._SubParsersAction) for action in actions):
        return "\n".join(lines)
    words = [_positional(action) for action in actions if not action.option_strings]
    lines += ["```", " ".join([parser.prog, *words, "[OPTIONS]"]), "```", ""]
    rows = [_row(action) for action in actions if not isinstance(action, argparse._HelpAction)]
    if rows:
        lines += ["| argument | meaning |", "| --- | --- |", *rows, ""]
    if parser.examples:
        lines += ["```sh", *parser.examples, "```", ""]
    return "\n".join(lines)


def _positional(action: argparse.Action) -> str:
    many = {"+": " ...", "*": " ..."}.get(str(action.nargs), "")
    shown = f"{action.metavar}{many}"
    return f"[{shown}]" if action.nargs in ("?", "*") else shown


def _row(action: argparse.Action) -> str:
    metavar = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else "")
    words = [f"{option} {metavar}".strip() for option in action.option_strings] or [str(metavar)]
    given = {"default": action.default, "prog": "honeyhive-ext"}
    meaning = str(action.help) % given if "%" in str(action.help) else str(action.help)
    cells = (", ".join(f"`{word}`" for word in words), meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def examples(text: str) -> list[list[str]]:
    """Return the command lines of a page, each as its arguments."""
    lines = [line for block in _FENCE.findall(text) for line in block.splitlines() if line.strip()]
    return [shlex.split(line, comments=True) for line in lines]


def pages() -> dict[Path, str]:
    """Return what each of the two pages has to be."""
    return {DOCS / "cli-reference.md": page(), DOCS / "agents.md": skill()}


def main() -> int:
    """Compare, or write with `--write`; return the exit status."""
    if "--write" in sys.argv[1:]:
        for path, text in pages().items():
            path.write_text(text, encoding="utf-8")
        return 0
    stale = [path.name for path, text in pages().items() if path.read_text(encoding="utf-8") != text]
    if stale:
        print(f"not current: {', '.join(stale)}; nox -s cli_reference -- --write makes them", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
