"""The names of the commands. The arguments of one are made when it is chosen, so that `--help` is quick."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module

from honeyhive_ext._version import __version__
from honeyhive_ext.cli.interrupts import interrupts
from honeyhive_ext.cli.overview import COMMANDS, MISTYPED, PROGRAM, overview
from honeyhive_ext.cli.streams import say_mistyped

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, NoReturn

NARROWEST, WIDEST = 40, 110  # columns of a help text


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
    """A parser whose complaint is one line."""

    examples: Sequence[str] = ()
    as_json = False  # whether a complaint is JSON; the same for all parsers

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(
            *args, **{"allow_abbrev": False, "formatter_class": _Formatter, **options}
        )  # argparse's own defaults of both are others

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

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Complain about an unknown option in the words of the command that it is given to."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """Complain in one line and exit. argparse prints the usage too, a screen of it for `serve`."""
        complain(self.prog, nearest(message, self))


_FEW_NAMES = 5  # that are listed although one of them is near


def nearest(message: str, parser: Parser) -> str:
    """Return a complaint of argparse, with the nearest name that a parser knows instead of a list of all.

    >>> parser = Parser(prog="p")
    >>> _ = parser.add_argument("--limit")
    >>> nearest("unrecognized arguments: --limt 3", parser)
    'unrecognized arguments: --limt 3 (did you mean --limit?)'
    """
    from difflib import get_close_matches

    head, choices, listed = message.partition(" (choose from ")
    if choices:  # of this argument alone, or the commands
        names = [name.strip("' ") for name in listed.rstrip(")").split(",")]
        wrong = head.partition("invalid choice: ")[2]
    else:
        names = [name for action in parser._actions for name in action.option_strings]
        wrong = head.partition("unrecognized arguments: ")[2].partition(" ")[0].partition("=")[0]
    found = get_close_matches(wrong.strip("'"), names, n=1)
    if not found:
        return message
    return f"{head if len(names) > _FEW_NAMES else message} (did you mean {found[0]}?)"


def complain(program: str, message: str) -> NoReturn:
    """Say what is wrong with the arguments of a command, and exit."""
    text = f"{program}: {message}; {program} --help lists the arguments"
    say_mistyped(text, as_json=Parser.as_json)
    raise SystemExit(MISTYPED)


def later(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    """Return a function that runs a command, and imports what the command needs then."""

    def run(options: argparse.Namespace) -> int:
        found: Callable[[argparse.Namespace], int] = getattr(
            import_module(f"honeyhive_ext.cli.{module}"), function
        )
        interrupts.check()
        return found(options)

    return run


def sentence(text: str) -> str:
    """Return the help of a command as a sentence.

    >>> sentence("list sessions")
    'List sessions.'
    """
    return f"{text[0].upper()}{text[1:]}."


class _TopParser(Parser):
    """The parser of the command line. Its help is made without argparse, which takes longer to import."""

    def format_help(self) -> str:
        """Return the list of the commands."""
        return overview()


def top_parser() -> Parser:
    """Return the parser of the command line, whose commands get their arguments when they are chosen."""
    top = _TopParser(prog=PROGRAM)
    top.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands: Any = top.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=Parser)
    # What `add_parser` does, but for the parsers themselves: to make one takes longer than to list all.
    commands._name_parser_map = commands.choices = _Commands(dict.fromkeys(COMMANDS))
    commands._choices_actions = [
        commands._ChoicesPseudoAction(name, [], text) for name, (_, text) in COMMANDS.items()
    ]
    return top


class _Commands(dict[str, "Parser | None"]):
    """The parser of each command, which is made when it is asked for."""

    def __getitem__(self, name: str) -> Parser:
        made: Parser | None = super().__getitem__(name)
        if made is None:
            module, text = COMMANDS[name]
            add: Callable[[Parser], None] = getattr(
                import_module(f"honeyhive_ext.cli.{module}"), f"add_{name.replace('-', '_')}"
            )
            made = self[name] = Parser(prog=f"{PROGRAM} {name}", description=sentence(text))
            add(made)
        return made


def every_parser(parser: Parser) -> list[Parser]:
    """Return a parser and all parsers of its commands and verbs, with their arguments."""
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):  # pyright: ignore[reportPrivateUsage, reportUnknownVariableType]
            parsers: Any = action  # pyright: ignore[reportUnknownVariableType]
            inner: Mapping[str, Parser] = parsers.choices
            for name in inner:
                found += every_parser(inner[name])
    return found
