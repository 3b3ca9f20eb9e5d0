"""The `honeyhive-ext` command."""

from __future__ import annotations

import argparse
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from honeyhive_ext._version import __version__
from honeyhive_ext.cli import streams
from honeyhive_ext.errors import HoneyHiveError

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Any]  # pyright: ignore[reportPrivateUsage]

FAILED, MISTYPED, INTERRUPTED = 1, 2, 130  # the last is 128 and the number of SIGINT, as in a shell


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line. argparse prints the usage too, a screen of it for `serve`."""

    def error(self, message: str) -> NoReturn:
        streams.say(f"{self.prog}: {message}; {self.prog} --help lists the arguments")
        raise SystemExit(MISTYPED)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line with all its commands."""
    from honeyhive_ext.cli import data, serve, spool_verbs

    top = _Parser(prog="honeyhive-ext", description="Tools for the HoneyHive events API.", allow_abbrev=False)
    top.add_argument("--version", action="version", version=f"honeyhive-ext {__version__}")
    commands: Commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve.add(commands)
    data.add(commands)
    spool_verbs.add(commands)
    return top


def _loaded(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the arguments, with every library imported that the command needs."""
    options = parser().parse_args(argv)
    if (
        getattr(options, "schemas", True) and getattr(options, "url", None) is None
    ):  # a server of its own, which needs its schemas
        from honeyhive_ext.local.routes.validate import load_schemas

        load_schemas()
    return options


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Whatever goes wrong is one line on stderr.

    Args:
        argv: The arguments without the name of the program; None takes those of the process.

    Returns:
        The exit status: 0 when all is done, or when the reader of the output, such as `head`, has stopped
        reading; 1 after an error; 130 after Ctrl-C.

    Raises:
        SystemExit: With 2, the arguments are mistyped; with 0, after --help and --version.
    """
    streams.prepare()
    name = "honeyhive-ext"
    try:
        try:
            with streams.interrupts_held():
                options = _loaded(argv)
            name = f"{name} {options.command}"
            with streams.warnings_said():
                return int(options.run(options))
        finally:
            streams.flush_output()
    except BrokenPipeError:
        streams.give_up_output()
        return 0
    except KeyboardInterrupt as stopped:
        streams.say(f"{name}: interrupted{'; ' if stopped.args else ''}{stopped}")
        return INTERRUPTED
    except (HoneyHiveError, OSError, sqlite3.Error) as problem:
        streams.give_up_output()
        streams.say(f"{name}: {problem}")
        return FAILED


__all__ = ["main", "parser"]
