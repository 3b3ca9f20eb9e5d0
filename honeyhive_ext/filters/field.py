"""`F`, which names the fields of an event; comparing a field makes a filter. Pure."""

from __future__ import annotations

import math
from typing import Final, Never, cast

from honeyhive_ext.config.checks import did_you_mean
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters.condition import Filter, build, name_of
from honeyhive_ext.filters.values import Value, event_fields, wire_value


@never_raising
class Field:
    """A field of an event; comparing it makes a `Filter`."""

    __slots__ = ("path",)
    path: tuple[str, ...]

    def __init__(self, *path: str) -> None:
        if not path or not all(isinstance(part, str) and part for part in cast("tuple[object, ...]", path)):
            raise QueryError('a field needs a path of strings, such as F("metadata.cost"), not ' + repr(path))
        object.__setattr__(self, "path", path)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError("a Field cannot be changed")

    def where(self, operator: str, value: Value = None, *, type: str | None = None) -> Filter:  # noqa: A002
        """Return a filter with any operator and type of the API document (EventSearchFilter).

        Args:
            operator: The operator, such as "greater than".
            value: The value to compare with.
            type: "string", "number", "boolean" or "datetime". Default: the type of the value.

        Raises:
            QueryError: The document has no such operator or type, or no filter can hold the value.

        >>> F("metadata.version").where("greater than", "1.2").to_dict()["type"]
        'string'
        """
        return build(self.path, operator, value, type)

    def __eq__(self, value: Value) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.not_exists() if value is None else build(self.path, "is", value)

    def __ne__(self, value: Value) -> Filter:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.exists() if value is None else build(self.path, "is not", value)

    def __gt__(self, value: Value) -> Filter:
        return build(self.path, _ordering("greater than", value), value)

    def __lt__(self, value: Value) -> Filter:
        return build(self.path, _ordering("less than", value), value)

    def contains(self, text: Value) -> Filter:
        """Match events in which the field is a string that contains this string."""
        return build(self.path, "contains", text)

    def not_contains(self, text: Value) -> Filter:
        """Match events in which the field is not a string that contains this string."""
        return build(self.path, "not contains", text)

    def exists(self) -> Filter:
        """Match events that have the field, with a value other than null."""
        return Filter(self.path, "exists")

    def not_exists(self) -> Filter:
        """Match events that do not have the field, or have null there."""
        return Filter(self.path, "not exists")

    def after(self, moment: Value) -> Filter:
        """Match events in which the field is later than a time.

        Args:
            moment: An aware datetime, or an ISO 8601 string with an offset. For `start_time` and `end_time`
                also a number of Unix ms.
        """
        return build(self.path, "after", moment)

    def before(self, moment: Value) -> Filter:
        """Match events in which the field is earlier than a time.

        Args:
            moment: An aware datetime, or an ISO 8601 string with an offset. For `start_time` and `end_time`
                also a number of Unix ms.
        """
        return build(self.path, "before", moment)

    def __ge__(self, value: Value) -> Never:
        raise self._strict_only(">=", ">", value, -math.inf)

    def __le__(self, value: Value) -> Never:
        raise self._strict_only("<=", "<", value, math.inf)

    def _strict_only(self, sign: str, strict: str, value: Value, towards: float) -> QueryError:
        if isinstance(value, bool) or not isinstance(value, int | float):
            hint = f"write {strict} with a value a little {'lower' if strict == '>' else 'higher'}"
        elif isinstance(value, int):
            next_one = value - 1 if strict == ">" else value + 1
            hint = f"for whole numbers write {self!r} {strict} {next_one}"
        else:
            hint = f"write {self!r} {strict} {math.nextafter(value, towards)!r}, the next number"
        return QueryError(f"the API has no {sign}: {hint}")

    def _alone(self, other: object = None) -> Never:
        raise QueryError(
            f"{self!r} is a field, not a condition: compare it, such as {self!r} == 'x' or "
            f"{self!r}.exists(), and put each comparison in parentheses if & joins them"
        )

    __and__ = __rand__ = __or__ = __ror__ = _alone

    def __invert__(self) -> Never:
        self._alone()

    def __bool__(self) -> Never:
        self._alone()

    def __contains__(self, value: object) -> Never:
        raise QueryError(f"the API has no `in`: write {self!r}.contains({value!r})")

    __iter__ = None

    def __hash__(self) -> int:
        return hash(self.path)

    def __reduce__(self) -> tuple[type[Field], tuple[str, ...]]:
        return (Field, self.path)

    def __repr__(self) -> str:
        return name_of(self.path)


class _Fields:
    """`F("path")` and `F.column`."""

    def __call__(self, *path: str) -> Field:
        """Return the field at a path.

        Args:
            *path: One dotted path, or the keys one by one. A key of an event may itself contain dots: in
                `F("metadata", "gen_ai.usage.input_tokens")` the last three words are one key. A request has
                the same path for both, `metadata.gen_ai.usage.input_tokens`.
        """
        return Field(*path)

    def __getattr__(self, name: str) -> Field:
        if name in event_fields():
            return Field(name)
        near = did_you_mean(name, event_fields())
        hint = f"did you mean F.{near}?" if near else f'for another field write F("{name}")'
        raise AttributeError(f"events have no field {name!r}: {hint}")

    def __dir__(self) -> list[str]:
        return list(event_fields())

    def __repr__(self) -> str:
        return "F"


F: Final = _Fields()
"""Names the fields of an event; comparing a field makes a `Filter`.

`F.event_type` is a field of the API document, and `F("metadata.cost")` the value at a path.

>>> F.event_type == "model"
F.event_type == 'model'
>>> F("metadata.cost") > 0.01
F('metadata.cost') > 0.01
"""


def _ordering(operator: str, value: object) -> str:
    """Return the operator for > or <: the API has its own operators for times."""
    is_time = wire_value(value, operator)[1] == "datetime"
    return {"greater than": "after", "less than": "before"}[operator] if is_time else operator
