"""Reprs that never raise: a traceback that shows local variables would end in one that does."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

_Kind = TypeVar("_Kind", bound=type)


def never_raising(kind: _Kind) -> _Kind:
    """Make the repr of a class say what it cannot show, instead of raising. Its `_repr_html_` returns None.

    An object can be half made, when its constructor refuses an argument, or hold a value of the application
    whose own repr raises.

    >>> @never_raising
    ... class Half:
    ...     def __repr__(self):
    ...         return self.missing
    >>> Half()
    <Half without a repr: AttributeError>
    """
    made: Any = kind.__repr__

    @functools.wraps(made)
    def shown(self: Any) -> str:
        try:
            return str(made(self))
        except Exception as error:  # noqa: BLE001 - whatever the repr of a value raises
            return f"<{kind.__qualname__} without a repr: {type(error).__name__}>"

    kind.__repr__ = shown  # type: ignore[assignment, method-assign]
    if html := vars(kind).get("_repr_html_"):
        setattr(kind, "_repr_html_", _or_nothing(html))  # noqa: B010 - mypy knows no such attribute
    return kind


def _or_nothing(html: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """Return a `_repr_html_` that returns None where it would raise: notebooks then show the repr."""

    @functools.wraps(html)
    def shown(self: Any) -> str | None:
        try:
            return html(self)
        except Exception:  # noqa: BLE001 - whatever a value of the application raises
            return None

    return shown


def repr_of(value: object) -> str:
    """Return the repr of an argument for a message, whatever it is.

    >>> repr_of(5)
    '5'
    """
    try:
        return repr(value)
    except Exception as error:  # noqa: BLE001 - whatever the repr of a value raises
        return f"<{type(value).__qualname__} without a repr: {type(error).__name__}>"
