"""The names of the commands. The arguments of one are made when it is chosen, so that `--help` is quick."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from honeyhive_ext._version import __version__
from honeyhive_ext.cli.streams import interrupts_held, say_mistyped

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

PROGRAM = "honeyhive-ext"
MISTYPED = 2
NARROWEST, WIDEST = 40, 110  # columns of a help text

# The module of each command, which has a function `add` from a parser to None, and what the command does.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "events": ("events", "search, follow, count, read, create and update events"),
    "export": ("moving", "write the events that a search finds to a file"),
    "import": ("moving", "send the events of files, with their ids"),
    "validate": ("checking", "check files against a schema, and name every wrong path"),
    "schema": ("checking", "list the JSON Schemas, or print one"),
    "upstream": ("checking", "compare a newer OpenAPI document of the service with the one of this package"),
    "doctor": ("checking", "say which settings are used, whether they work, and what to do"),
    "serve": ("serve", "run the local server"),
    "open": ("opening", "show the sessions of a database in the trace page"),
    "spool": ("spool_verbs", "count, check, send or delete what a spool holds"),
    "seed": ("moving", "older form of import: store JSON Lines in a local server or its file"),
    "completion": ("guidance", "print the completion script of a shell"),
}
EPILOG = """\
exit status:
  0    done, or the reader of the output has stopped reading
  1    it failed, or a check found something
  2    the arguments or a filter are mistyped; nothing was sent
  3    no event or session has this id
  4    the service refuses the key
  5    the service cannot be reached, or fails; later it may succeed
  130  interrupted by Ctrl-C

`honeyhive-ext COMMAND --help` lists the arguments of a command."""


class MistypedError(Exception):
    """The arguments of a command contradict each other."""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Help texts as wide as the terminal. argparse's own measure imports `shutil`, which is slow."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=32, width=_width())


def _width() -> int:
    try:
        columns = int(os.environ.get("COLUMNS", "") or os.get_terminal_size(sys.__stdout__.fileno()).columns)  # type: ignore[union-attr]
    except (ValueError, OSError, AttributeError):
        columns = 80
    return min(max(columns - 2, NARROWEST), WIDEST)


class Parser(argparse.ArgumentParser):
    """A parser whose arguments are added when it is used, and whose complaint is one line.

    Args:
        fill: The function that adds its arguments; it is called once, before they are used.
    """

    examples: Sequence[str] = ()
    as_json = False  # whether a complaint is JSON; the same for all parsers

    def __init__(self, *args: Any, fill: Callable[[Parser], None] | None = None, **options: Any) -> None:
        super().__init__(
            *args, **{"allow_abbrev": False, "formatter_class": _Formatter, **options}
        )  # argparse's own defaults of both are others
        self._fill = fill

    def filled(self) -> Parser:
        """Return this parser with its arguments."""
        fill, self._fill = self._fill, None
        if fill is not None:
            fill(self)
        return self

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse the arguments; add them to the parser first."""
        self.filled()
        return super().parse_known_args(args, namespace)

    def show_examples(self, *lines: str) -> None:
        """Put examples below the help text. A test runs them, and the reference page has them."""
        self.examples = lines
        self.epilog = "\n".join(["examples:", *(f"  {line}" for line in lines)])

    def verb(self, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> Parser:
        """Add a verb, such as `search` of `events search`, and return its parser."""
        if self._subparsers is None:
            self._verbs = self.add_subparsers(dest="verb", required=True, metavar="VERB", parser_class=Parser)
        made: Parser = self._verbs.add_parser(name, help=text, description=sentence(text))
        made.set_defaults(run=run)
        return made

    def error(self, message: str) -> NoReturn:
        """Complain in one line and exit. argparse prints the usage too, a screen of it for `serve`."""
        complain(self.prog, message)


def complain(program: str, message: str) -> NoReturn:
    """Say what is wrong with the arguments of a command, and exit."""
    text = f"{program}: {message}; {program} --help lists the arguments"
    say_mistyped(text, as_json=Parser.as_json)
    raise SystemExit(MISTYPED)


def later(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Return a function that runs a command, and imports what the command needs then."""

    def run(options: argparse.Namespace) -> int:
        with interrupts_held():  # see there
            found: Callable[[argparse.Namespace], int] = getattr(
                import_module(f"honeyhive_ext.cli.{module}"), function
            )
        return found(options)

    return run


def sentence(text: str) -> str:
    """Return the help of a command as a sentence.

    >>> sentence("list sessions")
    'List sessions.'
    """
    return f"{text[0].upper()}{text[1:]}."


def top_parser() -> Parser:
    """Return the parser of the command line, whose commands get their arguments when they are chosen."""
    top = Parser(
        prog=PROGRAM,
        description="Look at, move and check the events of HoneyHive, from a service or a local server.",
        epilog=EPILOG,
    )
    top.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    for name, (module, text) in COMMANDS.items():
        commands.add_parser(name, help=text, description=sentence(text), fill=_filler(name, module))
    return top


def _filler(name: str, module: str) -> Callable[[Parser], None]:
    def fill(parser: Parser) -> None:
        add: Callable[[Parser], None] = getattr(
            import_module(f"honeyhive_ext.cli.{module}"), f"add_{name.replace('-', '_')}"
        )
        add(parser)

    return fill


def every_parser(parser: Parser) -> list[Parser]:
    """Return a parser and all parsers of its commands and verbs, with their arguments."""
    found = [parser.filled()]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage]
            inner: Mapping[str, Parser] = action.choices
            for one in inner.values():
                found += every_parser(one)
    return found
