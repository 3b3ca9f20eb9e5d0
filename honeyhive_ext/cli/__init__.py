"""The `honeyhive-ext` command."""

from __future__ import annotations

import sys

from honeyhive_ext.cli import streams
from honeyhive_ext.cli.interrupts import INTERRUPTED, interrupts, let_process_end
from honeyhive_ext.cli.overview import PROGRAM, overview

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from honeyhive_ext.cli.commands import Parser

FAILED = 1


def parser() -> Parser:
    """Return the parser of the command line with all its commands and their arguments."""
    from honeyhive_ext.cli.commands import every_parser, top_parser

    top, *_ = every_parser(top_parser())
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Whatever goes wrong is one line on stderr; with --json, one JSON object.

    Args:
        argv: The arguments without the name of the program; None takes those of the process.

    Returns:
        The exit status: 0 when all is done, or when the reader of the output, such as `head`, has stopped
        reading; 1 after an error; 3, 4 and 5 after errors that `honeyhive-ext --help` lists; 130 after
        Ctrl-C.

    Raises:
        SystemExit: With 2, the arguments are mistyped; with 0, after --help and --version.
    """
    watches = False
    try:
        watches = interrupts.begin()
        interrupts.listen()
        try:
            status = _run(sys.argv[1:] if argv is None else [*argv])
            if status != INTERRUPTED:
                interrupts.check_whole()
            return status
        finally:
            interrupts.finish()
    except KeyboardInterrupt:  # before the command began, or after its end
        streams.say(f"{PROGRAM}: interrupted")
        return INTERRUPTED
    finally:
        if watches:
            interrupts.end()


def script() -> NoReturn:
    """Run the command of this process, and end it with its exit status."""
    interrupts.begin()
    try:
        sys.exit(main())
    finally:
        let_process_end()


def _run(arguments: list[str]) -> int:
    streams.prepare()
    try:
        try:
            if arguments[:1] in (["--help"], ["-h"]):
                print(overview(), end="")
                raise SystemExit(0)
            from honeyhive_ext.cli.commands import Parser, top_parser

            Parser.as_json = "--json" in arguments
            options = top_parser().parse_args(arguments)
        finally:
            streams.flush_output()
    except BrokenPipeError:  # the reader of the help has stopped reading
        streams.give_up_output()
        return 0
    except OSError as problem:
        streams.give_up_output()
        streams.say(f"{PROGRAM}: {problem}")
        return FAILED
    from honeyhive_ext.cli.exit_status import run_command

    return run_command(options)


__all__ = ["main", "parser", "script"]
