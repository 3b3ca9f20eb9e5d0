"""Failures in our own words, so that both backends report the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from ._formats import MEANING

Path = tuple[str | int, ...]
SHOWN = 60  # characters of a refused value that a message shows
LISTED = 20  # failures that the message of a SchemaError shows; `failures` has all
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Failure(NamedTuple):
    """One place where a value does not follow its schema.

    Attributes:
        path: The place, such as `events[3].duration`; "" is the whole value.
        message: What was expected, and what was found.
    """

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class SchemaError(ValueError):
    """A value does not follow its schema.

    Attributes:
        name: The schema's name in openapi.yaml.
        failures: Every failure, sorted by path.
    """

    def __init__(self, name: str, failures: Sequence[Failure]) -> None:
        self.name = name
        self.failures = tuple(failures)
        lines = [f"  {failure}" for failure in self.failures[:LISTED]]
        if len(self.failures) > LISTED:
            lines.append(f"  and {len(self.failures) - LISTED} more")
        super().__init__("\n".join([f"not a {name}:", *lines]))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.failures)


def path_text(path: Path) -> str:
    """Return a path as text; a key that is not an identifier is in brackets.

    >>> path_text(("events", 3, "metadata", "gen_ai.model"))
    'events[3].metadata["gen_ai.model"]'
    """
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            quoted = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def explain(keyword: str, schema: Mapping[str, Any], value: Any, path: Path) -> Iterator[Failure]:
    """Yield the failures of a value that one keyword refused.

    Args:
        keyword: The keyword.
        schema: The schema object that has the keyword.
        value: The refused value.
        path: The path of the value.
    """
    rule = schema[keyword]
    if keyword == "required":
        for name in rule:
            if name not in value:
                yield Failure(path_text((*path, name)), "required, but missing")
    elif keyword == "additionalProperties" and rule is False:
        known: Mapping[str, Any] = schema.get("properties", {})
        for name in value:
            if not _is_known(name, schema):
                yield Failure(path_text((*path, name)), f"no such property{did_you_mean(name, known)}")
    elif keyword != "type" or not _enum_says_it(schema, value):
        yield Failure(path_text(path), f"expected {_expected(keyword, rule)}, got {_shown(value)}")


def _enum_says_it(schema: Mapping[str, Any], value: Any) -> bool:
    """Return whether `enum` refuses the value too; its message says more than that of `type`."""
    choices: list[Any] = schema.get("enum", [])
    return bool(choices) and not isinstance(value, str) and all(isinstance(item, str) for item in choices)


def _is_known(name: str, schema: Mapping[str, Any]) -> bool:
    patterns = schema.get("patternProperties", {})
    return name in schema.get("properties", {}) or any(re.search(pattern, name) for pattern in patterns)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a message that suggests the nearest known name, or an empty string."""
    close = get_close_matches(name, list(known), n=1)
    return f": did you mean {close[0]!r}?" if close else ""


def _expected(keyword: str, rule: Any) -> str:
    match keyword:
        case "type":
            return " or ".join([rule] if isinstance(rule, str) else rule)
        case "enum":
            return f"one of {', '.join(map(_shown, rule))}"
        case "const":
            return _shown(rule)
        case "minimum":
            return f"at least {rule}"
        case "maximum":
            return f"at most {rule}"
        case "exclusiveMinimum":
            return f"more than {rule}"
        case "exclusiveMaximum":
            return f"less than {rule}"
        case "format":
            return MEANING.get(rule, f"the format {rule}")
        case "anyOf" | "oneOf":
            return "one of the forms in the schema"
        case _:
            return f"{keyword} {rule}"


def _shown(value: Any) -> str:
    """Return a short form of a value; never the repr of a container, which can be deep or large."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    if value is None:
        return "null"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
