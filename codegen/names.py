"""The names in a document: which of them can be names of files, classes and attributes."""

import re
from collections.abc import Iterator
from typing import Any

from openapi_python_client.strings import snake_case

from codegen.document import Document, Schema
from codegen.errors import GenerationError
from codegen.reading import is_object

# OpenAPI 3.1, "Components Object". A schema is a file of this name, so nothing else may be in it.
COMPONENT_NAME = re.compile(r"[A-Za-z0-9._-]+")
# What each model has itself, see codegen/templates/model.py.jinja
MEMBERS = ("additional_keys", "additional_properties", "from_dict", "to_dict")
# What the modules of the models import
CLASSES = ("Any", "Literal", "Mapping", "Required", "Self", "Sequence", "TypedDict", "UUID", "Unset")
SCHEMAS = ("not", "items", "additionalProperties")  # keywords whose value is a schema
LISTS = ("anyOf", "oneOf", "allOf")  # keywords whose value is a list of schemas


def check_names(document: Document) -> None:
    """Check the names of components, classes and properties.

    Raises:
        GenerationError: A name cannot be used; the message says which, and why.
    """
    for section, components in document.spec.get("components", {}).items():
        for name in components:
            if not COMPONENT_NAME.fullmatch(name):
                raise GenerationError(
                    f"components/{section}: {name!r} cannot be the name of a component: OpenAPI allows "
                    "letters, digits and . - _ in it"
                )
    for name, override in document.overrides.items():
        if not override.isidentifier():
            raise GenerationError(f"class_overrides: {name}: {override!r} cannot be the name of a class")
    for name, schema in document.schemas.items():
        if document.python_name(name) in CLASSES:
            raise GenerationError(
                f"components/schemas: a class cannot be called {document.python_name(name)}, which the "
                "generated code uses itself: give it another name in class_overrides of the settings"
            )
        for where, names in _properties(schema, name):
            _check_properties(where, names)


def _check_properties(where: str, names: Any) -> None:
    folded: dict[str, str] = {}
    for name in names:
        if name == "$ref":
            raise GenerationError(f"{where}: a property cannot be called $ref: tools take it for a reference")
        member = snake_case(name)
        if member in MEMBERS:
            raise GenerationError(
                f"{where}: a property cannot be called {name}: every model has a member {member} itself"
            )
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise GenerationError(
                f"{where}: the properties {other} and {name} differ only in upper and lower case, which "
                "attributes in snake_case cannot tell apart"
            )


def _properties(schema: Schema, where: str) -> Iterator[tuple[str, Schema]]:
    """Yield the place and the properties of each object in a schema."""
    properties = schema.get("properties")
    if is_object(properties):
        yield where, properties
        for name, inner in properties.items():
            if is_object(inner):
                yield from _properties(inner, f"{where}.{name}")
    for key in SCHEMAS:
        if is_object(schema.get(key)):
            yield from _properties(schema[key], f"{where}{'[]' if key == 'items' else ''}")
    for key in LISTS:
        for inner in schema.get(key, ()):
            yield from _properties(inner, where)
