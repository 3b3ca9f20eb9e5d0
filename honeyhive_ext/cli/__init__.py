"""The `honeyhive-ext` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from honeyhive_ext._version import __version__
from honeyhive_ext.config.printable import printable
from honeyhive_ext.errors import HoneyHiveError


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line with all its commands."""
    from honeyhive_ext.cli import data, serve

    top = argparse.ArgumentParser(
        prog="honeyhive-ext", description="Tools for the HoneyHive events API.", allow_abbrev=False
    )
    top.add_argument("--version", action="version", version=f"honeyhive-ext {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve.add(commands)
    data.add(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments without the name of the program; None takes those of the process.

    Returns:
        The exit status: 0, or 1 after an error, which is on stderr.
    """
    options = parser().parse_args(argv)
    try:
        return int(options.run(options))
    except BrokenPipeError:  # the reader of the output, such as `head`, has stopped reading
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except HoneyHiveError as problem:
        print(f"honeyhive-ext {options.command}: {printable(str(problem))}", file=sys.stderr)
        return 1


__all__ = ["main", "parser"]
