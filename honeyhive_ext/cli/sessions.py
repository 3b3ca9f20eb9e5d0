"""`honeyhive-ext sessions` and `honeyhive-ext summary`: look at traces."""

from __future__ import annotations

from honeyhive_ext.cli import arguments
from honeyhive_ext.cli.commands import Parser, later


def add_sessions(command: Parser) -> None:
    """Add the verbs and their arguments."""
    verb = command.verb(
        "list",
        "list sessions with their totals, newest first",
        later("session_verbs", "list_sessions"),
    )
    verb.add_argument("--errors", action="store_true", help="only sessions in which an event failed")
    verb.add_argument("--name", metavar="TEXT", help="only sessions whose name contains this")
    arguments.add_filters(verb, evaluation=False, most="the largest number of sessions (20)")
    arguments.add_output(verb, fields=True, compact=False)
    _everywhere(verb)
    verb.show_examples(
        "honeyhive-ext sessions list --errors --since 1h",
        "honeyhive-ext sessions list --name support --limit 5 --json",
    )
    verb = command.verb("tree", "draw the events of a session as a tree", later("session_verbs", "tree"))
    verb.add_argument("session_id", metavar="ID", type=arguments.identifier, help="its session_id")
    verb.add_argument("--html", metavar="FILE", help="write a page that needs no other file")
    verb.set_defaults(limit=None)
    arguments.add_output(verb, fields=True)
    _everywhere(verb)
    verb.show_examples(
        "honeyhive-ext sessions tree caf77ace-3417-4da4-944d-f4a0688f3c23",
        "honeyhive-ext sessions tree caf77ace-3417-4da4-944d-f4a0688f3c23 --compact --max-chars 4000",
        "honeyhive-ext sessions tree caf77ace-3417-4da4-944d-f4a0688f3c23 --html trace.html",
    )


def add_summary(command: Parser) -> None:
    """Add the arguments of `summary`."""
    command.set_defaults(run=later("session_verbs", "summary"))
    command.description = (
        "Add up events, errors, durations, tokens and cost, one row for each value of a field. With "
        "--output, `group` says whether a row is of a value, of all further values, or of all events."
    )
    command.add_argument(
        "--by",
        metavar="FIELD",
        default="event_type",
        help="such as metadata.team; `model` is the model, wherever it is (%(default)s)",
    )
    arguments.add_filters(command)
    arguments.add_output(command)
    _everywhere(command)
    command.show_examples(
        "honeyhive-ext summary --by model --since 24h",
        "honeyhive-ext summary 'event_type is tool' --by event_name --output csv",
    )


def _everywhere(verb: Parser) -> None:
    arguments.add_target(verb)
    arguments.add_manner(verb)
