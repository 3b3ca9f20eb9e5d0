"""`honeyhive-ext completion` and `honeyhive-ext agent-help`."""

from __future__ import annotations

import argparse
from importlib import import_module

from honeyhive_ext.cli import arguments
from honeyhive_ext.cli.commands import Parser, every_parser, later, top_parser

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from typing import Any

SHELLS = ("bash", "zsh", "fish")


def add_completion(command: Parser) -> None:
    """Add the arguments of `completion`."""
    command.set_defaults(run=later("guidance", "completion"))
    command.description = (
        "Print the script that completes commands and options. bash: "
        'eval "$(honeyhive-ext completion bash)"; zsh: write it to _honeyhive-ext in a folder of $fpath; '
        "fish: honeyhive-ext completion fish | source."
    )
    command.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    arguments.add_manner(command)
    command.show_examples("honeyhive-ext completion bash")


def add_agent_help(command: Parser) -> None:
    """Add the arguments of `agent-help`."""
    command.set_defaults(run=later("guidance", "agent_help"))
    command.description = (
        "Print what a coding agent needs: commands, output formats, examples, limits. The same text is "
        "SKILL.md in the installed package."
    )
    arguments.add_manner(command)
    command.show_examples("honeyhive-ext agent-help")


def completion(options: argparse.Namespace) -> int:
    """Print the completion script of a shell."""
    from honeyhive_ext.cli.output import write_text
    from honeyhive_ext.errors import ConfigError

    try:
        shtab: Any = import_module("shtab")
    except ImportError as error:
        raise ConfigError('completion needs shtab: pip install "honeyhive-ext[cli]"') from error
    top, *others = every_parser(top_parser())
    for action in (action for parser in others for action in parser._actions):
        if str(action.metavar).startswith(("FILE", "PATH")):
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    write_text(str(shtab.complete(top, options.shell)))
    return 0


def agent_help(options: argparse.Namespace) -> int:
    """Print the guide for coding agents."""
    from honeyhive_ext.cli.output import write_text

    write_text(skill())
    return 0


def skill() -> str:
    """Return the guide for coding agents."""
    from importlib.resources import files

    return files("honeyhive_ext.cli").joinpath("SKILL.md").read_text(encoding="utf-8")
