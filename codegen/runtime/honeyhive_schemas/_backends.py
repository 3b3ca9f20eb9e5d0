"""jsonschema and jsonschema-rs behind one interface. Neither is imported before it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Literal, Protocol, cast

from ._documents import load
from ._failures import Failure, Path, explain
from ._formats import FORMATS
from ._patterns import python_pattern
from ._values import Plain, is_plain

BackendName = Literal["jsonschema", "jsonschema-rs"]
MODULES: dict[BackendName, str] = {"jsonschema-rs": "jsonschema_rs", "jsonschema": "jsonschema"}


class MissingBackendError(ImportError):
    """No library that validates is installed."""


class Backend(Protocol):
    """One library with one schema, for plain JSON values."""

    def is_valid(self, value: Any, /) -> bool:
        """Return whether the value follows the schema."""
        ...

    def refusals(self, value: Any) -> Iterator[tuple[str, Mapping[str, Any], Any, Path]]:
        """Yield every refusal: the keyword, the schema object that has it, the value, and its path."""
        ...


class Validator:
    """Checks values against one schema. Threads can share it."""

    def __init__(self, name: str, backend: Backend) -> None:
        self.name = name
        self._backend = backend

    def __repr__(self) -> str:
        name, backend = getattr(self, "name", "not made"), getattr(self, "_backend", None)
        return f"<{type(self).__name__} {name}, {type(backend).__name__}>"

    def is_valid(self, value: object) -> bool:
        """Return whether the value follows the schema. It never raises, however odd or deep the value is."""
        try:
            if is_plain(value):
                return self._backend.is_valid(value)
            plain = Plain(value)
            return not plain.failures and self._backend.is_valid(plain.value)
        except RecursionError:  # the stack of the caller was nearly full
            return False

    def is_valid_json(self, value: object) -> bool:
        """Return `is_valid` for a value of a strict JSON parser; the same result, but faster.

        Such a value has only the types of JSON, so they are not checked first.
        """
        try:
            return self._backend.is_valid(value)
        except (ValueError, OverflowError, RecursionError):  # deeper or larger than the library reads
            return self.is_valid(value)

    def failures(self, value: object) -> list[Failure]:
        """Return every place where the value does not follow the schema, sorted by path; empty if it does.

        It never raises, however unusual or deep the value is.
        """
        try:
            if is_plain(value):
                return self._explained(value, [])
            plain = Plain(value)
            return self._explained(plain.value, plain.failures)
        except RecursionError:  # the stack of the caller was nearly full
            return [Failure("", "nested too deeply to be checked")]

    def _explained(self, value: Any, unplain: list[Failure]) -> list[Failure]:
        if not unplain and self._backend.is_valid(value):
            return []
        taken = {failure.path for failure in unplain}
        found = set(unplain)
        for keyword, schema, part, path in self._backend.refusals(value):
            # Null replaces what is not JSON, and the caller did not send that null.
            found.update(item for item in explain(keyword, schema, part, path) if item.path not in taken)
        return sorted(found)


def make_validator(name: str, backend: BackendName | None) -> Validator:
    """Return a validator of one schema, with the given backend or else the faster one that is installed."""
    wanted: list[BackendName] = [backend] if backend is not None else list(MODULES)
    for choice in wanted:
        if find_spec(MODULES[choice]) is not None:
            schema = load(name)
            return Validator(name, Rust(schema) if choice == "jsonschema-rs" else Python(schema))
    raise MissingBackendError(
        f"validation needs {' or '.join(sorted(wanted))}: pip install 'honeyhive-ext[schemas]' "
        "(or 'honeyhive-ext[schemas-fast]')"
    )


class Python:
    """The jsonschema library."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        library: Any = import_module(MODULES["jsonschema"])
        checker = library.FormatChecker(formats=())
        for name, is_format in FORMATS.items():
            checker.checks(name)(_ignoring_other_types(is_format))
        ecma = library.validators.extend(library.Draft202012Validator, {"pattern": _matches(library)})
        self._validator = ecma(schema, format_checker=checker)

    def is_valid(self, value: Any) -> bool:
        return bool(self._validator.is_valid(value))

    def refusals(self, value: Any) -> Iterator[tuple[str, Mapping[str, Any], Any, Path]]:
        for error in self._validator.iter_errors(value):
            yield error.validator, error.schema, error.instance, tuple(error.absolute_path)


def _matches(library: Any) -> Callable[..., Iterator[Any]]:
    def matches(_: object, pattern: str, value: object, __: object) -> Iterator[Any]:
        if isinstance(value, str) and python_pattern(pattern).search(value) is None:
            yield library.ValidationError("the pattern does not match")

    return matches


def _ignoring_other_types(is_format: Callable[[str], bool]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return not isinstance(value, str) or is_format(value)

    return check


class Rust:
    """The jsonschema-rs library."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        library: Any = import_module(MODULES["jsonschema-rs"])
        self._schema = schema
        # Its check of UUIDs equals ours (a property test compares them), and a call into Python for each UUID
        # would take several times as long. Formats that we do not have are only annotations, as in the other
        # backend.
        formats = {name: FORMATS.get(name, _accept) for name in _formats_in(schema) if name != "uuid"}
        self._validator = library.Draft202012Validator(
            dict(schema), formats=formats or None, validate_formats=True
        )
        self.is_valid: Callable[[Any], bool] = self._validator.is_valid

    def refusals(self, value: Any) -> Iterator[tuple[str, Mapping[str, Any], Any, Path]]:
        for error in self._validator.iter_errors(value):
            where: Path = tuple(error.instance_path)
            *parents, keyword = error.schema_path
            yield keyword, self._schema_at(parents), _at(value, where), where

    def _schema_at(self, path: list[str | int]) -> Any:
        node: Any = self._schema
        for part in path:
            node = self._follow(node, part)[part] if part != "$ref" else self._target(node["$ref"])
        return node

    def _follow(self, node: Any, part: str | int) -> Any:
        while part not in node and "$ref" in node:
            node = self._target(node["$ref"])
        return node

    def _target(self, ref: str) -> Any:
        node: Any = self._schema
        for part in ref.removeprefix("#").split("/")[1:]:
            node = node[part]
        return node


def _accept(_: str) -> bool:
    return True


def _formats_in(schema: object) -> set[str]:
    found: set[str] = set()
    if isinstance(schema, list):
        for item in cast("list[object]", schema):
            found |= _formats_in(item)
    elif isinstance(schema, dict):
        for key, inner in cast("dict[str, object]", schema).items():
            found |= {inner} if key == "format" and isinstance(inner, str) else _formats_in(inner)
    return found


def _at(value: Any, path: Path) -> Any:
    for part in path:
        value = value[part]
    return value
