"""Public names and signatures as lines of text, the same on every Python version."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
import re
import textwrap
import types
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ForwardRef, Union, get_args, get_origin, is_typeddict

import attrs
import honeyhive_client.api
import honeyhive_schemas

OURS = ("honeyhive_client", "honeyhive_schemas", "honeyhive_ext")
# Modules, and which of their names; none given, `__all__` or else what the module defines.
PUBLIC: Mapping[str, Sequence[str] | None] = {
    "honeyhive_client": None,
    "honeyhive_client.errors": None,
    "honeyhive_client.models": None,
    "honeyhive_client.request_fields": None,
    "honeyhive_client.typed_dicts": None,
    **{
        name: None
        for _, name, package in pkgutil.walk_packages(honeyhive_client.api.__path__, "honeyhive_client.api.")
        if not package
    },
    "honeyhive_schemas": None,
    "honeyhive_ext": None,
    "honeyhive_ext.client.events": ("Events",),  # the type of `.events`
    "honeyhive_ext.client.sessions": ("Sessions",),  # the type of `.sessions`
    "honeyhive_ext.client.aio_events": ("AsyncEvents",),
    "honeyhive_ext.client.aio_sessions": ("AsyncSessions",),
    "honeyhive_ext.batch": None,
    "honeyhive_ext.errors": None,
    "honeyhive_ext.filters": None,
    "honeyhive_ext.local": None,
    "honeyhive_ext.otel": None,
    "honeyhive_ext.integrations.langchain": None,
    "honeyhive_ext.observe.hooks": ("RequestInfo", "ResponseInfo", "RetryInfo"),
    "honeyhive_ext.search": None,
    "honeyhive_ext.testing": None,
    "honeyhive_ext.results.trace_tree": ("Node", "TraceTree"),
    "honeyhive_ext.tracing": ("AsyncSpan", "Recording", "Span"),
    "honeyhive_ext.transports": None,
}
OPERATORS = set(
    """
    __enter__ __exit__ __aenter__ __aexit__ __iter__ __aiter__ __next__ __anext__ __len__ __getitem__
    __setitem__ __contains__ __call__ __await__ __and__ __or__ __eq__ __ne__ __lt__ __gt__ __le__ __ge__
    __getattr__
    """.split()  # noqa: SIM905  a list of quoted names is longer to read
)
MARK = "  [deprecated]"


def describe(modules: Mapping[str, Sequence[str] | None] = PUBLIC) -> list[str]:
    """Return one line for each public thing."""
    things: list[tuple[str, Any]] = []
    for module_name, names in modules.items():
        module = importlib.import_module(module_name)
        listed = public_names(module) if names is None else names
        things += [(f"{module_name}.{name}", getattr(module, name)) for name in listed]
    first: dict[type, str] = {}
    for path, value in things:
        if inspect.isclass(value):
            first.setdefault(value, path)
    lines: list[str] = []
    for path, value in things:
        if inspect.isclass(value) and first[value] != path:
            lines.append(f"{path} is {first[value]}")
        elif not inspect.ismodule(value):
            lines += _thing(path, value, first.keys())
    return lines


def public_names(module: types.ModuleType) -> list[str]:
    """Return what `__all__` lists, else what is defined in the module itself."""
    listed: Sequence[str] | None = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(listed)
    own = {
        name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__
    }
    constants = {
        name
        for name, value in vars(module).items()
        if name.isupper() and name != "TYPE_CHECKING" and not inspect.isclass(value)
    }
    return sorted(name for name in own | constants if not name.startswith("_"))


def _thing(path: str, value: Any, public: Collection[type]) -> Iterator[str]:
    if hasattr(value, "cache_info"):
        value = inspect.unwrap(value)  # of functools.cache
    if is_typeddict(value):
        yield f"{path}: TypedDict{_mark(value)}"
        for key, kind in sorted(value.__annotations__.items()):
            needed = "required" if key in value.__required_keys__ else "optional"
            yield f"{path}[{key}]: {_kind(kind)} ({needed})"
    elif inspect.isclass(value) and value.__module__.startswith(OURS):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        yield f"{path}{_signature(value)}" + (f" of {bases}" if bases else "") + _mark(value)
        for name, member in sorted(_members(value, public).items()):
            yield f"{path}.{name}{member}"
    elif inspect.isfunction(value):
        yield f"{path}{_signature(value)}{_mark(value)}"
    elif type(value).__module__ == "typing" or isinstance(value, types.UnionType | types.GenericAlias):
        yield f"{path} = {_kind(value)}"
    else:
        yield f"{path}: {type(value).__name__}"
        if type(value).__name__.startswith("_") and type(value).__module__.startswith(OURS):
            for name, member in sorted(_members(type(value), public).items()):  # `F`
                yield f"{path}.{name}{member}"


def _members(cls: type, public: Collection[type]) -> dict[str, str]:
    """Return methods, properties and attributes, and those of parents that are not public themselves."""
    found: dict[str, str] = {}
    ours = [
        parent
        for parent in reversed(cls.__mro__)
        if parent.__module__.startswith(OURS) and (parent is cls or parent not in public)
    ]
    old = _deprecated_fields(cls)
    for parent in ours:
        for name in _attributes_set(parent):
            found.setdefault(name, "")
        for name, kind in inspect.get_annotations(parent).items():
            if not name.startswith("_"):
                found[name] = f": {_kind(kind)}{MARK if name in old else ''}"
        for name, member in vars(parent).items():
            text = _member(name, member)
            if text is not None:
                found[name] = text
    return found


def _member(name: str, member: Any) -> str | None:
    if name.startswith("_") and name not in OPERATORS:
        return None
    if isinstance(member, property | functools.cached_property):
        getter = member.fget if isinstance(member, property) else member.func
        kind = _kind(inspect.signature(getter).return_annotation) if getter is not None else "Any"
        return f": {kind} (property){_mark(getter)}"
    kind = {staticmethod: "static ", classmethod: "class "}.get(type(member), "")
    function = inspect.unwrap(getattr(member, "__func__", member))
    if not inspect.isfunction(function) or not function.__module__.startswith(OURS):
        return None  # a constant, which its annotation describes, or a function of somebody else's
    if function.__code__.co_filename.startswith("<"):
        return None  # a method that attrs writes
    doing = "async " if inspect.iscoroutinefunction(function) else ""
    return f"{_signature(function)}{_mark(function)}" + (f" ({kind}{doing}method)" if kind or doing else "")


@functools.cache
def _attributes_set(cls: type) -> tuple[str, ...]:
    """Public names that a handwritten `__init__` gives to the object."""
    init = vars(cls).get("__init__")
    if not inspect.isfunction(init) or init.__code__.co_filename.startswith("<") or attrs.has(cls):
        return ()
    tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    targets = (
        target
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    )
    return tuple(
        target.attr
        for target in targets
        if isinstance(target, ast.Attribute)
        and isinstance(target.value, ast.Name)
        and target.value.id == "self"
        and not target.attr.startswith("_")
    )


def _deprecated_fields(cls: type) -> set[str]:
    """Return fields of a generated model that openapi.yaml marks as deprecated."""
    if not cls.__module__.startswith("honeyhive_client.models"):
        return set()
    try:
        properties = honeyhive_schemas.schema(cls.__name__).get("properties", {})
    except honeyhive_schemas.UnknownSchemaError:
        return set()
    return {name for name, inner in properties.items() if inner.get("deprecated")}


def _mark(value: Any) -> str:
    return MARK if getattr(value, "__deprecated__", None) else ""


def _signature(value: Any) -> str:
    if inspect.isclass(value) and not _has_init(value):
        return "(...)"  # an exception's own, which Python describes differently from version to version
    signature = inspect.signature(value)
    parts: list[str] = []
    before = inspect.Parameter.POSITIONAL_ONLY
    for parameter in signature.parameters.values():
        kind = parameter.kind
        if before is inspect.Parameter.POSITIONAL_ONLY and kind is not before and parts:
            parts.append("/")
        if kind is inspect.Parameter.KEYWORD_ONLY and before not in (kind, inspect.Parameter.VAR_POSITIONAL):
            parts.append("*")
        stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}.get(kind, "")
        text = f"{stars}{parameter.name}"
        if parameter.annotation is not parameter.empty:
            text += f": {_kind(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += f" = {re.sub(r' at 0x[0-9a-f]+', '', _default(parameter.default))}"
        parts.append(text)
        before = kind
    if before is inspect.Parameter.POSITIONAL_ONLY and parts:
        parts.append("/")
    returned = signature.return_annotation
    arrow = "" if returned is signature.empty or inspect.isclass(value) else f" -> {_kind(returned)}"
    return f"({', '.join(parts)}){arrow}"


def _has_init(cls: type) -> bool:
    ours = (parent for parent in cls.__mro__ if parent.__module__.startswith(OURS))
    return any({"__init__", "__new__"} & vars(parent).keys() for parent in ours)


def _default(value: object) -> str:
    return value.__qualname__ if inspect.isfunction(value) or inspect.isclass(value) else repr(value)


def _kind(annotation: Any) -> str:
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if get_origin(annotation) in (Union, types.UnionType):
        return " | ".join("None" if one is types.NoneType else _kind(one) for one in get_args(annotation))
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\bForwardRef\('([^']*)'\)", r"\1", text).replace("typing.", "")
