"""openapi.yaml and generator-config.yml, read once, and the names that both packages share."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from openapi_python_client.config import ConfigFile
from openapi_python_client.strings import ClassName, pascal_case
from ruamel.yaml.error import YAMLError

from codegen.errors import GenerationError
from codegen.reading import METHODS, is_object, parsed

Schema = Mapping[str, Any]
COMPONENT = "#/components/schemas/"


def json_types(schema: Schema) -> tuple[str, ...]:
    """Return the JSON types that `type` of a schema allows; empty without `type`."""
    kind = schema.get("type", ())
    return (kind,) if isinstance(kind, str) else tuple(kind)


@frozen
class Document:
    """The OpenAPI document with the class names that users know.

    Attributes:
        spec: The parsed document.
        overrides: The name in generator-config.yml for each class, by the generator's name of it.
    """

    spec: Mapping[str, Any]
    overrides: Mapping[str, str]

    @property
    def schemas(self) -> Mapping[str, Schema]:
        """The component schemas, by their names in the document."""
        schemas: Mapping[str, Schema] = self.spec["components"]["schemas"]
        return schemas

    def python_name(self, name: str) -> str:
        """Return the class name of a component schema, such as CreateEventRequest for PostEventRequest."""
        plain = str(ClassName(name, "field_"))
        return self.overrides.get(plain, plain)

    def inline_name(self, parent: str, field: str) -> str:
        """Return the class name of an object inside another one, by the rule of the generator."""
        return self.python_name(f"{pascal_case(parent)}{pascal_case(field)}")

    def target(self, schema: Schema) -> str | None:
        """Return the component that `$ref` of a schema names, or None without `$ref`."""
        ref = schema.get("$ref")
        if ref is None:
            return None
        if not str(ref).startswith(COMPONENT):
            raise GenerationError(f"$ref to {ref!r}: only {COMPONENT}... is supported")
        return str(ref).removeprefix(COMPONENT)

    def resolved(self, schema: Schema) -> Schema:
        """Return the schema that a `$ref` names with the keywords next to it; any other schema unchanged."""
        target = self.target(schema)
        return schema if target is None else {**self.schemas[target], **schema}

    def operations(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield every operation with a label for messages in front."""
        for path, item in self.spec["paths"].items():
            for method in METHODS:
                if method in item:
                    yield f"{method.upper()} {path}", item[method]

    def request_models(self) -> dict[str, Schema]:
        """Return every object with named properties that a request body contains, nested ones first."""
        found: dict[str, Schema] = {}
        for _, operation in self.operations():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                self._collect(media["schema"], "", found)
        return found

    def _collect(self, schema: Schema, name: str, found: dict[str, Schema]) -> None:
        target = self.target(schema)
        if target is not None:
            name, schema = self.python_name(target), self.schemas[target]
        if name in found:
            return
        if "items" in schema:
            self._collect(schema["items"], self.python_name(f"{name}Item"), found)
        if schema.get("properties"):
            found[name] = schema  # before its properties: a schema may contain itself
            for field, inner in schema["properties"].items():
                self._collect(inner, self.inline_name(name, field), found)
            found[name] = found.pop(name)


def load_document(spec: Path, config: Path) -> Document:
    """Read the document and the settings of the generator.

    Raises:
        GenerationError: A file cannot be read or is not YAML, or the templates do not support something in
            the document.
    """
    try:
        content: Any = parsed(spec.read_bytes(), spec.name)
        settings = ConfigFile.load_from_path(config)
    except (OSError, YAMLError, ValueError) as error:
        raise GenerationError(f"cannot read {spec.name} or {config.name}: {error}") from error
    if not is_object(content) or not is_object(content.get("paths")) or not is_object(_schemas(content)):
        raise GenerationError(f"{spec.name} is not an OpenAPI document with paths and components/schemas")
    overrides: dict[str, str] = {}
    for name, override in (settings.class_overrides or {}).items():
        if override.class_name is not None:
            overrides[name] = override.class_name.get_untrusted_value()
    document = Document(spec=content, overrides=overrides)
    _refuse_unsupported(document)
    return document


def _schemas(content: Mapping[str, Any]) -> Any:
    components = content.get("components")
    return components.get("schemas") if is_object(components) else None


def _refuse_unsupported(document: Document) -> None:
    """Refuse what the templates do not support; endpoint_module.py.jinja sends only JSON."""
    for label, operation in document.operations():
        content = operation.get("requestBody", {}).get("content", {"application/json": {}})
        if list(content) != ["application/json"]:
            raise GenerationError(f"{label}: only application/json bodies work, not {sorted(content)}")
