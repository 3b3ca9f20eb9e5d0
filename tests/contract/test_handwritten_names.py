"""Each property of the document that handwritten code names is still there.

`handwritten_names.txt` has the properties that the code counts on, one a line. After a change of the code:
`python -m tests.contract.test_handwritten_names`.
"""

from __future__ import annotations

import ast
import copy
import functools
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import pytest
from honeyhive_client import request_fields

from tests.support import rooms
from tests.support.contract import ROOT, document

RECORD = Path(__file__).with_name("handwritten_names.txt")
SHOWN = 8  # places that a message names
OUR_ARGUMENTS = ("event", "events", "retry", "timeout", "progress")


@functools.cache
def places() -> Mapping[str, list[str]]:
    """Every place of the handwritten code that can name a property, by the name."""
    found: dict[str, list[str]] = {}
    for path in sorted(rooms.PACKAGE.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".js", ".html", ".sql"):
            for name, line in named(path):
                found.setdefault(name, []).append(f"{path.relative_to(ROOT)}:{line}")
    return found


def named(path: Path) -> Iterator[tuple[str, int]]:
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        for number, line in enumerate(text.splitlines(), 1):
            yield from ((name, number) for name in re.findall(r"[A-Za-z_]+", line))
        return
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Constant(value=str(value)) if len(value) < 60:  # longer ones are texts for people
                yield from ((name, node.lineno) for name in re.findall(r"[A-Za-z_]+", value))
            case ast.Attribute(attr=name):
                yield name, node.lineno
            case ast.keyword(arg=str(name)):
                yield name, node.value.lineno
            case _:
                pass


def properties(spec: Mapping[str, Any]) -> dict[str, set[str]]:
    schemas = spec["components"]["schemas"].items()
    return {name: set(schema["properties"]) for name, schema in schemas if "properties" in schema}


def counted_on(spec: Mapping[str, Any], code: Set[str]) -> list[str]:
    return sorted(f"{name}.{key}" for name, keys in properties(spec).items() for key in keys & code)


def missing(spec: Mapping[str, Any], record: list[str], code: Mapping[str, list[str]]) -> list[str]:
    """A line for each recorded property that the document does not have, with the code that names it."""
    known, lines = properties(spec), list[str]()
    for entry in record:
        model, _, name = entry.partition(".")
        if name not in known.get(model, set()) and name in code:
            where = ", ".join(code[name][:SHOWN])
            more = f" and {len(code[name]) - SHOWN} more" if len(code[name]) > SHOWN else ""
            lines.append(f"{entry} is not in openapi.yaml, and code names {name!r}: {where}{more}")
    return lines


def test_the_document_has_every_property_that_the_code_names() -> None:
    gone = missing(document(), RECORD.read_text("utf-8").split(), places())
    assert not gone, "\n".join(gone)


def test_every_property_that_the_code_names_is_recorded() -> None:
    current, record = counted_on(document(), places().keys()), RECORD.read_text("utf-8").split()
    assert current == record, "run `python -m tests.contract.test_handwritten_names` and commit its file"


@pytest.mark.parametrize(
    ("model", "old", "code"),
    [
        ("PostEventRequest", "event_name", "honeyhive_ext/"),
        ("StartSessionRequest", "session_name", "honeyhive_ext/"),
        ("EventSearchFilter", "operator", "honeyhive_ext/filters/"),
        ("PostEventBatchRequest", "single_session", "honeyhive_ext/"),
        ("LegacyEvent", "start_time", "honeyhive_ext/"),
    ],
)
def test_a_renamed_property_is_named_with_the_code_that_names_it(model: str, old: str, code: str) -> None:
    spec = copy.deepcopy(document())
    known = spec["components"]["schemas"][model]["properties"]
    known["renamed"] = known.pop(old)
    (line,) = missing(spec, RECORD.read_text("utf-8").split(), places())
    assert line.startswith(f"{model}.{old} is not in openapi.yaml, and code names {old!r}: ")
    assert re.search(rf"{code}\S+\.py:[0-9]+", line)


def test_no_property_has_the_name_of_an_argument_of_the_methods_that_take_it() -> None:
    """`create(timeout=...)` could not say which of the two is meant; an event as a dict can."""
    for model in ("CreateEventRequest", "CreateSessionRequest", "UpdateEventRequest"):
        both = request_fields.REQUEST_FIELDS[model].keys() & set(OUR_ARGUMENTS)
        assert not both, f"{model} has a property {', '.join(sorted(both))}, which is an argument of our own"


if __name__ == "__main__":
    RECORD.write_text("\n".join(counted_on(document(), places().keys())) + "\n", "utf-8")
