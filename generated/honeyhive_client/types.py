# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""What all endpoints and models share: UNSET, Response, reading and writing JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar, cast
from urllib.parse import quote

import orjson
from attrs import define
from attrs import fields as fields_of

from .errors import MalformedResponse

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Unset:
    """The type of UNSET. UNSET is false, and a copy or a pickle of it is the same object."""

    __slots__ = ()

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()


@define
class Response(Generic[T]):
    """A response with its status, headers and body.

    Attributes:
        status_code: The HTTP status; an int, since servers send statuses that http.HTTPStatus does not have.
        content: The body, unchanged.
        headers: The headers.
        parsed: The body as a model, or None if the document describes no body.
    """

    status_code: int
    content: bytes
    headers: httpx.Headers
    parsed: T

    def __repr__(self) -> str:
        return shown(self)


def write_json(value: Mapping[str, Any]) -> bytes:
    """Serialise a request body as strict JSON (RFC 8259).

    Raises:
        ValueError: The value contains NaN, an infinity, a lone surrogate, or itself.
        TypeError: The value contains something that JSON does not have.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def read_json(status_code: int, content: bytes, build: Callable[[Any], T]) -> T:
    """Parse a body and build its model.

    Raises:
        MalformedResponse: The body is not JSON, or not of the model; the cause is chained.
    """
    try:
        data = _loads(content)
    except (ValueError, RecursionError) as error:
        raise MalformedResponse(status_code, content, f"not JSON: {error}") from error
    try:
        return build(data)
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise MalformedResponse(status_code, content, f"not as documented: {reason}") from error


def _loads(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        # orjson refuses NaN and lone surrogates. One of them in one event must not make a whole page unreadable.
        return json.loads(content)


def as_it_came(value: Any) -> Any:
    """Return the value: the build function of JSON that has no model."""
    return value


def first_of(*builds: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that tries `builds` in turn; it raises what the last one raises."""

    def build(value: Any) -> Any:
        for candidate in builds[:-1]:
            try:
                return candidate(value)
            except (KeyError, TypeError, ValueError):
                continue
        return builds[-1](value)

    return build


def array_of(build: Callable[[Any], T]) -> Callable[[Any], list[T]]:
    """Return a function that builds every item of an array, and raises TypeError for anything else."""

    def build_all(value: Any) -> list[T]:
        if not isinstance(value, list | tuple):
            raise TypeError(f"expected an array, got {type(value).__name__}")
        return [build(item) for item in cast("Iterable[Any]", value)]

    return build_all


def lenient(value: Any, build: Callable[[Any], Any]) -> Any:
    """Build an optional value, or return it unchanged if it does not fit, such as UNSET or null."""
    if not isinstance(value, dict | list):
        return value
    try:
        return build(cast("Any", value))
    except (KeyError, TypeError, ValueError):
        return cast("Any", value)


def dump(value: Any) -> Any:
    """Return the JSON form of a model or of a list of models, or any other value unchanged."""
    if isinstance(value, list | tuple):
        return [dump(item) for item in cast("Iterable[Any]", value)]
    to_dict = getattr(value, "to_dict", None)
    return value if to_dict is None else to_dict()


@recursive_repr()
def shown(model: Any) -> str:
    """Return the repr of an attrs object. It never raises.

    A traceback or a debugger may show an object of which only some attributes are set, or a value whose own
    repr raises.
    """
    kind: Any = model.__class__
    fields: Any = fields_of(kind)
    parts = [f"{field.name}={_value(model, field.name)}" for field in fields if field.repr]
    return f"{kind.__qualname__}({', '.join(parts)})"


def _value(model: Any, name: str) -> str:
    try:
        value = getattr(model, name)
    except AttributeError:
        return "<not set>"
    try:
        return repr(value)
    except Exception as error:
        return f"<{type(value).__name__} without a repr: {type(error).__name__}>"


def unknown_properties(model: type, rest: Iterable[str]) -> ValueError:
    """Return the error for properties that a closed model does not have."""
    return ValueError(f"{model.__name__} has no property {', '.join(map(repr, rest))}")


def path_segment(value: object) -> str:
    """Return a value as one segment of the path of a URL.

    Raises:
        ValueError: The value is empty, "." or "..", so the URL would name another resource.
    """
    text = str(value)
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be part of a path")
    return quote(text, safe="")


__all__ = ["UNSET", "Response", "Unset"]
