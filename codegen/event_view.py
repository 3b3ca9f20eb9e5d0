"""Document -> honeyhive_client/event_view.py: the properties of a stored event, for those who read events."""

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from openapi_python_client.strings import PythonIdentifier

from codegen.document import Document, Schema, json_types
from codegen.prose import docstring, prose
from codegen.reading import is_object
from codegen.sync.documents import Source
from codegen.sync.flatten import flat

PREAMBLE = Path(__file__).resolve().parent / "templates" / "event_view.py.in"
EVENT = "Event"  # the class of a stored event
SCALARS = {"string": "str", "number": "Number", "integer": "Integer", "boolean": "bool"}
SHOWN = {"Number": "float", "Integer": "int"}
CONTAINERS = {"object": "dict[str, Any]", "array": "list[Any]"}
# What `honeyhive_ext.Event` has itself. A property of such a name gets an underscore at its end.
MEMBERS = ("from_dict", "get", "odd", "raw")
# The irregular participles; a property `queue_time` is the datetime `queue_at`.
PARTICIPLES = {"start": "started", "end": "ended"}


@frozen
class Member:
    """A property of the document as an attribute.

    Attributes:
        name: The property's name in JSON.
        attribute: Its name in Python.
        schema: Its schema, without references.
    """

    name: str
    attribute: str
    schema: Schema

    @property
    def types(self) -> tuple[str, ...]:
        """The JSON types that it may have besides null; empty for any."""
        return tuple(kind for kind in json_types(self.schema) if kind != "null")

    @property
    def items(self) -> tuple[str, ...]:
        """The JSON types of the items of an array; empty for any."""
        items = self.schema.get("items")
        return json_types(items) if self.types == ("array",) and is_object(items) else ()

    @property
    def is_scalar(self) -> bool:
        """Whether it is a string, a number or a boolean."""
        return bool(self.types) and set(self.types) <= SCALARS.keys()


def write_event_view(document: Document, target: Path) -> None:
    """Write the module, if the document has stored events; the formatter gives it its final form."""
    found = [name for name in document.schemas if document.python_name(name) == EVENT]
    if not found:
        return
    schema = flat(document.schemas[found[0]], Source(document.spec))
    members = _members(document, schema)
    lines = [
        "class EventView(Struct, frozen=True, eq=False, weakref=True, kw_only=True):",
        docstring(prose(schema.get("description", "")), "    "),
        *(line for member in members if member.is_scalar for line in _field(member)),
        *(line for name, kind in READERS.items() for line in _reader(name, kind)),
        *(line for member in members if not member.is_scalar for line in _property(member)),
        *_datetimes(members),
    ]
    table = "".join(f"    {member.attribute!r}: {_row(member)},\n" for member in members)
    parts = [
        PREAMBLE.read_text("utf-8"),
        "\n".join(lines),
        f"PROPERTIES: Mapping[str, Property] = {{\n{table}}}",
        '__all__ = ["PROPERTIES", "EventView", "Property"]\n',
    ]
    target.write_text("\n\n".join(parts), "utf-8")


# How the class reads a value at its first use, and what that returns.
READERS = {"_object": "dict[str, Any]", "_array": "list[Any]", "_any": "Any"}


def _members(document: Document, schema: Schema) -> list[Member]:
    source = Source(document.spec)
    members: list[Member] = []
    taken = {*MEMBERS}
    for name, inner in schema.get("properties", {}).items():
        one = flat(inner, source)
        if is_object(one.get("items")):
            one["items"] = flat(one["items"], source)
        attribute = str(PythonIdentifier(name, "field_"))
        while attribute in taken:
            attribute += "_"
        taken.add(attribute)
        members.append(Member(name, attribute, one))
    return members


def _field(member: Member) -> Sequence[str]:
    kinds = " | ".join(SCALARS[kind] for kind in member.types)
    default = "None" if member.name == member.attribute else f"_field(name={member.name!r}, default=None)"
    return f"    {member.attribute}: {kinds} | None = {default}", _described(member, "    ")


def _reader(name: str, kind: str) -> Sequence[str]:
    return f"    def {name}(self, name: str) -> {kind}:", "        raise NotImplementedError(name)"


def _property(member: Member) -> Sequence[str]:
    kind, reader = "Any", "_any"
    if member.types == ("object",):
        kind, reader = CONTAINERS["object"], "_object"
    elif member.types == ("array",):
        kind, reader = f"list[{_item(member.items)}]", "_array"
    return (
        "    @property",
        f"    def {member.attribute}(self) -> {kind}:",
        _described(member, "        "),
        f"        return self.{reader}({member.name!r})",
    )


def _item(kinds: Sequence[str]) -> str:
    shown = [{"null": "None", **CONTAINERS}.get(kind) or SCALARS[kind] for kind in kinds]
    return " | ".join(SHOWN.get(kind, kind) for kind in shown) or "Any"


def _datetimes(members: Sequence[Member]) -> list[str]:
    """Return a property in datetimes for each `X_time` in Unix ms."""
    taken = {member.attribute for member in members} | {*MEMBERS}
    lines: list[str] = []
    for member in members:
        stem = member.attribute.removesuffix("_time")
        name = f"{PARTICIPLES.get(stem, stem)}_at"
        times = member.schema.get("x-unit") == "unix-ms" and member.types in (("number",), ("integer",))
        if times and stem != member.attribute and name not in taken:
            lines += (
                "    @property",
                f"    def {name}(self) -> datetime | None:",
                f'        """`{member.attribute}` as an aware datetime in UTC, to the microsecond."""',
                f"        return datetime_of(self.{member.attribute})",
            )
    return lines


def _described(member: Member, indent: str) -> str:
    return docstring(prose(member.schema.get("description", "")) or f"`{member.name}`.", indent)


def _row(member: Member) -> str:
    given = [repr(member.name), repr(member.types)]
    given += [f"items={member.items!r}"] if member.items else []
    given += ["scalar=True"] if member.is_scalar else []
    return f"Property({', '.join(given)})"
