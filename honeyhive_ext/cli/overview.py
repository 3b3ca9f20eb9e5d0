"""The list of the commands, as `honeyhive-ext --help` prints it. It imports nothing, so that it is quick."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from collections.abc import Mapping

PROGRAM = "honeyhive-ext"
MISTYPED = 2

# The module of each command, which has a function `add` from a parser to None, and what the command does.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "sessions": ("sessions", "list sessions; draw one as a tree"),
    "events": ("events", "search, follow, count, read, create and update events"),
    "summary": ("sessions", "add up events, errors, durations, tokens and cost by a field"),
    "export": ("moving", "write the events that a search finds to a file"),
    "import": ("moving", "send the events of files, with their ids"),
    "validate": ("checking", "check files against a schema, and name every wrong path"),
    "schema": ("checking", "list the JSON Schemas, or print one"),
    "upstream": ("checking", "compare an OpenAPI document of the service with our own"),
    "doctor": ("checking", "say which settings are used, and whether they work"),
    "serve": ("serve", "run the local server"),
    "open": ("opening", "show the sessions of a database in the trace page"),
    "spool": ("spool_verbs", "count, check, send or delete what waits in a spool"),
    "seed": ("moving", "older form of import, for a local server or its file"),
    "completion": ("guidance", "print the completion script of a shell"),
    "agent-help": ("guidance", "print a short guide for coding agents"),
}
HEAD = """\
usage: honeyhive-ext COMMAND [OPTIONS]

Look at, move and check the events of HoneyHive, in the service or on a local server.

commands:
"""
OPTIONS = """\
options:
  -h, --help  print this list
  --version   print the version
"""
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


def overview() -> str:
    """Return the help of the command line."""
    width = max(map(len, COMMANDS)) + 2
    lines = [f"  {name.ljust(width)}{text}" for name, (_, text) in COMMANDS.items()]
    return HEAD + "\n".join(lines) + f"\n\n{OPTIONS}\n{EPILOG}\n"
