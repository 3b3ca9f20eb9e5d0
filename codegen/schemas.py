"""Document -> honeyhive_schemas: one self-contained JSON Schema 2020-12 document per component."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from codegen.document import COMPONENT, Document, Schema
from codegen.errors import GenerationError
from codegen.stamp import HEADER

RUNTIME = Path(__file__).resolve().parent / "runtime" / "honeyhive_schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
# A name, not an address. `.invalid` never resolves (RFC 2606), so no tool can fetch another document under
# this id. An https URL needs no registered URN namespace.
BASE = "https://honeyhive-ext.invalid/schemas/"


def write_schemas(document: Document, package: Path) -> None:
    """Write the package: the Python files of runtime/, the schemas and the table of names."""
    shutil.copytree(RUNTIME, package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in document.schemas:
        text = json.dumps(standalone(document, name), indent=2, ensure_ascii=False)
        (package / f"{name}.json").write_text(f"{text}\n", "utf-8")
    names = {name: document.python_name(name) for name in sorted(document.schemas)}
    (package / "_names.py").write_text(
        '"""The name of the Python model of each component of openapi.yaml."""\n\n'
        f"NAMES: dict[str, str] = {names!r}\n",
        "utf-8",
    )


def standalone(document: Document, name: str) -> dict[str, Any]:
    """Return the JSON Schema of one component, with all components that it refers to in `$defs`."""
    needed = sorted(_reach(document, name) - {name})
    own = _convert(document.schemas[name], root=name)
    result: dict[str, Any] = {"$schema": DIALECT, "$id": f"{BASE}{name}.json", "$comment": HEADER}
    result["title"] = document.python_name(name)
    result.update(own)
    if needed:
        result["$defs"] = {other: _convert(document.schemas[other], root=name) for other in needed}
    return result


def _reach(document: Document, name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found:
            continue
        if current not in document.schemas:
            raise GenerationError(f"$ref to {COMPONENT}{current}: there is no such component")
        found.add(current)
        waiting.extend(_targets(document, document.schemas[current]))
    return found


def _targets(document: Document, schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        node = cast("Schema", schema)
        target = document.target(node)
        if target is not None:
            yield target
        for inner in node.values():
            yield from _targets(document, inner)
    elif isinstance(schema, list):
        for inner in cast("Sequence[Any]", schema):
            yield from _targets(document, inner)


def _convert(schema: Schema, root: str) -> dict[str, Any]:
    """Drop the keywords of OpenAPI alone (x-...) and make references point into this document."""
    converted: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            converted[key] = {name: _convert(inner, root) for name, inner in value.items()}
        elif key == "$ref":
            target = str(value).removeprefix(COMPONENT)
            converted[key] = "#" if target == root else f"#/$defs/{target}"
        elif key in ("items", "additionalProperties", "not") and isinstance(value, Mapping):
            converted[key] = _convert(cast("Schema", value), root)
        elif key in ("anyOf", "oneOf", "allOf"):
            converted[key] = [_convert(inner, root) for inner in value]
        elif not key.startswith("x-"):
            converted[key] = value
    return converted
