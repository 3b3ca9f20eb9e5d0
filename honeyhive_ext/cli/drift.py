"""`honeyhive-ext upstream FILE`: what a newer OpenAPI document of the service changes, and whom it breaks.

The comparison is that of `codegen`, which is no part of the installed package: the wheel has a copy of what
the comparison needs, next to this file, with the document.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

from honeyhive_ext.cli.listing import Listing, TableColumn, cell
from honeyhive_ext.cli.output import form_of, show, write_text
from honeyhive_ext.cli.streams import note
from honeyhive_ext.config.printable import printable
from honeyhive_ext.errors import ConfigError

_HERE = Path(__file__).resolve()
PLACES = (_HERE.with_name("contract"), _HERE.parents[2])  # in a wheel; in a checkout
_NAMES: tuple[str, ...] = ("effect", "kind", "where", "what")
_COLUMNS = (TableColumn("effect"), TableColumn("kind"), TableColumn("where", 60), TableColumn("what", 0))


def upstream(options: argparse.Namespace) -> int:
    """Print every difference; return 0 if there is none, else 1."""
    place = _place()
    documents = import_module("codegen.sync.documents")
    problems = import_module("codegen.errors")
    try:
        ours, theirs = documents.read_ours(place / "openapi.yaml"), documents.read_source(options.file)
        found: Any = import_module("codegen.sync.compare").compare(ours, theirs)
    except problems.GenerationError as problem:
        raise ConfigError(str(problem)) from problem
    changes = import_module("codegen.sync.changes")
    if form_of(options) == "table" and options.output is None:
        write_text("\n".join(map(printable, changes.report(found).split("\n"))))
    else:
        kinds: Mapping[str, Any] = dict.fromkeys(_NAMES, "string")
        rows = _rows(found, changes.ORDER)
        show(Listing(rows, _COLUMNS, lambda row: [cell(value) for value in row.values()], kinds), options)
        note(options, changes.report(found).rpartition("\n")[2])
    return 0 if found.is_current else 1


def _rows(found: Any, order: tuple[str, ...]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for effect in order:
        mine = [change for change in found.changes if change.effect == effect]
        rows += [
            dict(zip(_NAMES, (effect, one.kind, one.where, one.what), strict=True))
            for one in sorted(mine, key=str)
        ]
    for one in sorted(found.not_compared, key=str):
        rows.append(dict(zip(_NAMES, ("unknown", "not compared", one.where, one.keyword), strict=True)))
    for operation in found.not_covered:
        rows.append(dict(zip(_NAMES, ("harmless", "not covered", operation, "an operation"), strict=True)))
    return rows


def _place() -> Path:
    """Return the folder that has the comparison and the document, and make the comparison importable.

    Only our own `codegen` is imported, never one that lies in the working folder.

    Raises:
        ConfigError: It cannot be imported.
    """
    for place in PLACES:
        spec = PathFinder.find_spec("codegen", [str(place)])
        if spec is None or spec.loader is None or not (place / "openapi.yaml").is_file():
            continue
        if getattr(sys.modules.get("codegen"), "__file__", None) != spec.origin:
            module = sys.modules["codegen"] = module_from_spec(spec)
            spec.loader.exec_module(module)
        try:
            import_module("codegen.sync.compare")
        except ModuleNotFoundError as error:
            raise ConfigError(f'upstream needs {error.name}: pip install "honeyhive-ext[cli]"') from error
        return place
    raise ConfigError("this installation lacks the comparison: install honeyhive-ext from its wheel")
