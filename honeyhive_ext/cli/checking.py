"""The arguments of `honeyhive-ext validate`, `schema`, `upstream` and `doctor`, which check things."""

from __future__ import annotations

from honeyhive_ext.cli import arguments
from honeyhive_ext.cli.commands import Parser, later


def add_validate(command: Parser) -> None:
    """Add the arguments of `validate`."""
    command.set_defaults(run=later("validation", "validate"))
    command.description = (
        "Check every event of the files against a JSON Schema. Print one row for each wrong path. The exit "
        "status is 1 if there is one."
    )
    command.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="JSON Lines (also .gz, .zst), CSV, Parquet, or one .json document; - reads stdin",
    )
    command.add_argument(
        "--schema",
        metavar="NAME",
        default="CreateEventRequest",
        help="a name that `schema list` prints (%(default)s)",
    )
    command.add_argument(
        "--limit", metavar="N", type=arguments.count, help="the largest number of rows (all)"
    )
    arguments.add_output(command)
    arguments.add_manner(command)
    command.show_examples(
        "honeyhive-ext validate events.jsonl",
        "honeyhive-ext validate search.json --schema SearchEventsRequest",
    )


def add_schema(command: Parser) -> None:
    """Add the verbs of `schema`."""
    verb = command.verb("list", "list the JSON Schemas of the API", later("validation", "list_schemas"))
    arguments.add_output(verb)
    arguments.add_manner(verb)
    verb.show_examples("honeyhive-ext schema list")
    verb = command.verb("show", "print one JSON Schema", later("validation", "show_schema"))
    verb.add_argument("name", metavar="NAME", help="as `schema list` prints it")
    arguments.add_manner(verb)
    verb.show_examples("honeyhive-ext schema show CreateEventRequest")


def add_upstream(command: Parser) -> None:
    """Add the arguments of `upstream`."""
    command.set_defaults(run=later("drift", "upstream"))
    command.description = (
        "Compare the service's OpenAPI document with the one that this package is made from: one row for "
        "each change, and whom it breaks. The exit status is 0 if nothing differs, else 1."
    )
    command.add_argument("file", metavar="FILE", help="the document: a path or a URL, YAML or JSON")
    arguments.add_output(command)
    arguments.add_manner(command)
    command.show_examples("honeyhive-ext upstream openapi.yaml")


def add_doctor(command: Parser) -> None:
    """Add the arguments of `doctor`."""
    command.set_defaults(run=later("diagnosis", "doctor"))
    command.description = (
        "Print the settings and where they come from, with keys masked, then try the host name, TLS, the "
        "key, the clock and one request. Each problem comes with what to do. The exit status "
        "is 1 if there is one."
    )
    command.add_argument("--url", metavar="URL", help="the service or a local server (HH_API_URL)")
    arguments.add_output(command)
    arguments.add_manner(command)
    command.show_examples("honeyhive-ext doctor")
