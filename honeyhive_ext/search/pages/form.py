"""What a search yields for a row: an event, a dict, a text or the row itself. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen

from honeyhive_ext.reading.event import Event
from honeyhive_ext.reading.json import read_value
from honeyhive_ext.search.pages.read import ReadPage, read_events, read_texts
from honeyhive_ext.search.pages.rows import Row, value_of

T = TypeVar("T")


@frozen
class Form(Generic[T]):
    """How the pages of a search are read, and what it yields.

    Attributes:
        read: Makes a page of a reply.
        show: Makes what is yielded of a row.
    """

    read: ReadPage
    show: Callable[[Row], T]


def _dict(row: Row) -> Any:
    return read_value(row.value)


def _itself(row: Row) -> Row:
    return row


EVENTS: Form[Event] = Form(read_events, value_of)
DICTS: Form[dict[str, Any]] = Form(read_texts, _dict)
TEXTS: Form[bytes] = Form(read_texts, value_of)
ROWS: Form[Row] = Form(read_events, _itself)
TEXT_ROWS: Form[Row] = Form(read_texts, _itself)
