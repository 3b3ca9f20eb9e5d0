"""Document -> honeyhive_client/request_fields.py: the fields of each request, as a table for programs."""

from pathlib import Path
from typing import Any

from codegen.document import Document, Schema, json_types
from codegen.sync.documents import Source
from codegen.sync.flatten import flat

PREAMBLE = Path(__file__).resolve().parent / "templates" / "request_fields.py.in"
LIMITS = ("minimum", "maximum")


def write_request_fields(document: Document, target: Path) -> None:
    """Write the module; the formatter gives it its final form."""
    models = document.request_models().items()
    tables = "".join(f"    {name!r}: {_table(document, name, schema)},\n" for name, schema in models)
    fields = f"REQUEST_FIELDS: Mapping[str, Mapping[str, Field]] = {{\n{tables}}}\n"
    exported = '__all__ = ["REQUEST_FIELDS", "Field"]\n'
    target.write_text("\n\n".join((PREAMBLE.read_text("utf-8"), fields, exported)), "utf-8")


def _table(document: Document, name: str, schema: Schema) -> str:
    fields = schema["properties"].items()
    rows = "".join(f"{field!r}: {_field(document, name, field, inner, schema)}," for field, inner in fields)
    return f"{{{rows}}}"


def _field(document: Document, name: str, field: str, inner: Schema, parent: Schema) -> str:
    schema = flat(inner, Source(document.spec))
    values: dict[str, Any] = {"name": field, "types": json_types(schema)}
    values["unit"] = schema.get("x-unit")
    values["format"] = schema.get("format")
    values["required"] = field in parent.get("required", ())
    values["enum"] = tuple(schema["enum"]) if "enum" in schema else None
    values["items"] = json_types(document.resolved(schema["items"])) if "items" in schema else None
    values["model"] = _model(document, name, field, inner)
    values["closed"] = _is_closed(document, inner) or None
    values.update({limit: schema[limit] for limit in LIMITS if limit in schema})
    given = ", ".join(f"{key}={value!r}" for key, value in values.items() if value is not None)
    return f"Field({given})"


def _model(document: Document, parent: str, field: str, inner: Schema) -> str | None:
    name = document.inline_name(parent, field)
    if "items" in inner:
        inner, name = inner["items"], document.python_name(f"{name}Item")
    target = document.target(inner)
    if target is not None:
        return document.python_name(target)
    return name if inner.get("properties") else None


def _is_closed(document: Document, inner: Schema) -> bool:
    schema = document.resolved(inner)
    schema = document.resolved(schema["items"]) if "items" in schema else schema
    return bool(schema.get("properties")) and schema.get("additionalProperties") is False
