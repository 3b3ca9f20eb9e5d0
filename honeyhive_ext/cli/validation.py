"""`honeyhive-ext validate`, `schema list` and `schema show`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from honeyhive_schemas import MissingBackendError, Validator, names, python_name, schema, validator
from honeyhive_schemas._documents import UnknownSchemaError

from honeyhive_ext.cli.event_files import FileEvent, read_events
from honeyhive_ext.cli.listing import Listing, TableColumn, cell
from honeyhive_ext.cli.output import show, write_text
from honeyhive_ext.cli.streams import note
from honeyhive_ext.errors import ConfigError

_KINDS: Mapping[str, Any] = {"file": "string", "line": "integer", "path": "string", "message": "string"}
_COLUMNS = (
    TableColumn("file", 0),
    TableColumn("line", right=True),
    TableColumn("path", 60),
    TableColumn("message", 0),
)


def validate(options: argparse.Namespace) -> int:
    """Print every wrong path of every event; return 1 if there is one."""
    try:
        chosen = validator(options.schema)
    except (UnknownSchemaError, MissingBackendError) as problem:
        raise ConfigError(str(problem)) from problem
    tally = {"checked": 0, "wrong": 0}
    rows = islice(_wrong(options.files, chosen, tally), options.limit)
    found = show(
        Listing(rows, _COLUMNS, lambda row: [cell(value) for value in row.values()], _KINDS), options
    )
    checked = f"{tally['checked']:,} checked"
    note(options, f"{checked}, {tally['wrong']:,} wrong" if found else f"{checked}, nothing is wrong")
    return 1 if found else 0


def _wrong(files: list[str], chosen: Validator, tally: dict[str, int]) -> Iterator[dict[str, Any]]:
    for name in files:
        for read in read_events(name, documents=True):
            tally["checked"] += 1
            first = True
            for path, message in _failures(read, chosen):
                tally["wrong"] += first
                first = False
                yield {"file": name, "line": read.line, "path": path, "message": message}


def _failures(read: FileEvent, chosen: Validator) -> Iterator[tuple[str, str]]:
    if read.problem:
        yield "", read.problem
        return
    for failure in chosen.failures(read.event):
        yield failure.path, failure.message


def list_schemas(options: argparse.Namespace) -> int:
    """Print the names of the schemas."""
    rows = [
        {"name": python_name(name), "document_name": name, "title": schema(name).get("description", "")}
        for name in names()
    ]
    columns = (
        TableColumn("name", whole=True),
        TableColumn("document_name", whole=True),
        TableColumn("title", 0),
    )
    kinds: Mapping[str, Any] = dict.fromkeys(("name", "document_name", "title"), "string")
    show(Listing(rows, columns, lambda row: [*map(_first_line, row.values())], kinds), options)
    return 0


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def show_schema(options: argparse.Namespace) -> int:
    """Print one schema."""
    try:
        found = schema(options.name)
    except UnknownSchemaError as problem:
        raise ConfigError(str(problem)) from problem
    write_text(json.dumps(found, indent=2, ensure_ascii=False))
    return 0
