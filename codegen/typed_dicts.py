"""Document -> honeyhive_client/typed_dicts.py: typed dictionaries of the request models."""

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codegen.document import Document, Schema, json_types
from codegen.prose import docstring, prose
from codegen.reading import is_object

PREAMBLE = Path(__file__).resolve().parent / "templates" / "typed_dicts.py.in"
JSON_TYPES = {"string": "str", "number": "float", "integer": "int", "boolean": "bool", "null": "None"}
UNITS = {"unix-ms": "float | datetime", "ms": "float | timedelta"}
FORMATS = {"uuid": "str | UUID", "date-time": "str | datetime"}
Annotate = Callable[[Document, str, Schema], str]


def write_typed_dicts(document: Document, target: Path) -> None:
    """Write the module; the formatter gives it its final form."""
    models = document.request_models()
    parts = [PREAMBLE.read_text("utf-8")]
    coming = [f"{name}{suffix}" for name in models for suffix in ("Dict", "Input")]
    for name, schema in models.items():
        for suffix, annotate in (("Dict", wire_type), ("Input", input_type)):
            parts.append(_typed_dict(document, name, schema, annotate, coming))
            coming.remove(f"{name}{suffix}")
    exported = [f"{name}{suffix}" for name in models for suffix in ("Dict", "Input")]
    parts.append(f"__all__ = {sorted(exported)!r}\n")
    target.write_text("\n\n".join(parts), "utf-8")


def wire_type(document: Document, name: str, schema: Schema) -> str:
    """Return the annotation of the JSON of a request."""
    return _annotation(document, name, schema, inner=wire_type, suffix="Dict", array="list", mapping="dict")


def input_type(document: Document, name: str, schema: Schema) -> str:
    """Return the annotation of what `honeyhive_ext` accepts for a field.

    Nested objects may be typed dictionaries or models. If the document allows more properties, they may be
    any mapping.
    """
    for table, key in ((UNITS, "x-unit"), (FORMATS, "format")):
        if schema.get(key) in table:
            return table[schema[key]] + (" | None" if "null" in json_types(schema) else "")
    return _annotation(
        document, name, schema, inner=input_type, suffix="Input", array="Sequence", mapping="Mapping"
    )


def _annotation(
    document: Document, name: str, schema: Schema, *, inner: Annotate, suffix: str, array: str, mapping: str
) -> str:
    target = document.target(schema)
    if target is not None:
        return inner(document, document.python_name(target), document.schemas[target])
    if "enum" in schema or "const" in schema:
        return f"Literal[{', '.join(map(repr, schema.get('enum', [schema.get('const')])))}]"
    for union in ("anyOf", "oneOf", "allOf"):
        if union in schema:
            forms = [inner(document, name, form) for form in schema[union]]
            return (
                " | ".join(dict.fromkeys(forms))
                if union != "allOf" or len(forms) == 1
                else f"{mapping}[str, Any]"
            )
    parts: list[str] = []
    for kind in json_types(schema):
        if kind == "array":
            item = inner(document, document.python_name(f"{name}Item"), schema.get("items", {}))
            parts.append(f"{array}[{item}]")
        elif kind == "object" and schema.get("properties"):
            parts.append(f"{name}{suffix}" if suffix == "Dict" else _object_input(name, schema))
        elif kind == "object":
            values = schema.get("additionalProperties")
            typed: Mapping[str, Any] = values if is_object(values) else {}
            item = (
                inner(document, document.python_name(f"{name}AdditionalProperty"), typed) if typed else "Any"
            )
            parts.append(f"{mapping}[str, {item}]")
        else:
            parts.append(JSON_TYPES[kind])
    return " | ".join(parts) or "Any"


def _object_input(name: str, schema: Schema) -> str:
    forms = f"{name}Input | models.{name}"
    return forms if schema.get("additionalProperties") is False else f"{forms} | Mapping[str, Any]"


def _typed_dict(
    document: Document, name: str, schema: Schema, annotate: Annotate, coming: Sequence[str]
) -> str:
    required = schema.get("required", ())
    wire = annotate is wire_type
    class_name = f"{name}{'Dict' if wire else 'Input'}"
    fields: list[tuple[str, str, str]] = []
    for field, inner in schema["properties"].items():
        annotation = annotate(document, document.inline_name(name, field), inner)
        if set(re.findall(r"\w+", annotation)) & set(coming):
            annotation = repr(annotation)  # a class that is defined further below, or this class
        if wire and field in required:
            annotation = f"Required[{annotation}]"
        fields.append((field, annotation, document.resolved(inner).get("description", "")))
    purpose = "as a request has it" if wire else "as `honeyhive_ext` accepts it"
    title = f"`{name}` as a dictionary, {purpose}. {prose(schema.get('description', ''))}"
    if any(not field.isidentifier() or keyword.iskeyword(field) for field, _, _ in fields):
        body = ", ".join(f"{field!r}: {annotation}" for field, annotation, _ in fields)
        return f"{class_name} = TypedDict({class_name!r}, {{{body}}}, total=False)\n"
    lines = [f"class {class_name}(TypedDict, total=False):", docstring(title, "    ")]
    for field, annotation, description in fields:
        lines.append(f"    {field}: {annotation}")
        lines.append(docstring(prose(description), "    "))
    return "\n".join(lines) + "\n"
