"""`honeyhive-ext events`: search, tail, count, get, create, update."""

from __future__ import annotations

from honeyhive_ext.cli import arguments
from honeyhive_ext.cli.commands import Parser, later

_SET = "a field, such as metadata.cost=0.5 or event_name=search; the value is JSON or a string; repeatable"
_EVENT = "a JSON object, @FILE with one, or - for standard input"


def add_events(command: Parser) -> None:
    """Add the verbs and their arguments."""
    verb = command.verb(
        "search", "find events, newest first, each exactly once", later("event_verbs", "search")
    )
    arguments.add_filters(verb)
    arguments.add_output(verb, fields=True)
    _everywhere(verb)
    verb.show_examples(
        "honeyhive-ext events search 'metadata.cost > 0.01' --since 24h --limit 20",
        "honeyhive-ext events search 'event_type is tool and error exists' --fields event_id,error",
        "honeyhive-ext events search --since 24h --json --compact --limit 5",
        "honeyhive-ext events search --output csv --limit 100",
    )
    verb = command.verb("tail", "print new events as they arrive, until Ctrl-C", later("event_verbs", "tail"))
    arguments.add_filters(verb)
    verb.add_argument("--poll", metavar="SECONDS", type=arguments.seconds_above_zero, default=2.0,
                      help="seconds from one request to the next (2)")  # fmt: skip
    verb.add_argument("--idle", metavar="SECONDS", type=arguments.seconds_above_zero,
                      help="stop after this time without a new event (never)")  # fmt: skip
    arguments.add_output(verb, fields=True)
    _everywhere(verb)
    verb.show_examples("honeyhive-ext events tail -f 'error exists' --since 5m --idle 0.1 --poll 0.05")
    verb = command.verb("count", "count events", later("event_verbs", "count"))
    arguments.add_filters(verb, limit=False)
    arguments.add_output(verb)
    _everywhere(verb)
    verb.show_examples("honeyhive-ext events count 'event_type is tool' --since 7d")
    verb = command.verb("get", "print one event", later("event_verbs", "get"))
    verb.add_argument("event_id", metavar="ID", type=arguments.identifier, help="its event_id")
    arguments.add_output(verb, fields=True)
    _everywhere(verb)
    verb.show_examples("honeyhive-ext events get 7f22137a-6911-4ed3-bc36-110f1dde6b66 --json")
    verb = command.verb("create", "record one event, and print its id", later("event_verbs", "create"))
    verb.add_argument("event", metavar="EVENT", nargs="?", help=_EVENT)
    verb.add_argument("--set", dest="fields", metavar="FIELD=VALUE", action="append", default=[], help=_SET)
    arguments.add_output(verb)
    _everywhere(verb)
    verb.show_examples(
        "honeyhive-ext events create --set event_type=tool --set event_name=search --set metadata.cost=0.02"
    )
    verb = command.verb("update", "add fields to an event that exists", later("event_verbs", "update"))
    verb.add_argument("event_id", metavar="ID", type=arguments.identifier, help="its event_id")
    verb.add_argument("event", metavar="FIELDS", nargs="?", help=_EVENT)
    verb.add_argument("--set", dest="fields", metavar="FIELD=VALUE", action="append", default=[], help=_SET)
    arguments.add_output(verb)
    _everywhere(verb)
    verb.show_examples(
        "honeyhive-ext events update 7f22137a-6911-4ed3-bc36-110f1dde6b66 --set feedback.rating=5"
    )


def _everywhere(verb: Parser) -> None:
    arguments.add_target(verb)
    arguments.add_manner(verb)
