"""A finished span of OpenTelemetry, whatever it was read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

Attributes = Mapping[str, Any]


@frozen
class SpanEvent:
    """Something that happened during a span.

    Attributes:
        name: Its name; `exception` for an exception.
        time_ns: When, in Unix nanoseconds.
        attributes: What is said about it.
    """

    name: str
    time_ns: int
    attributes: Attributes = field(factory=dict[str, Any])


@frozen
class SpanLink:
    """Another span that a span refers to.

    Attributes:
        trace_id: Its trace, 32 hexadecimal digits.
        span_id: Its id, 16 hexadecimal digits.
        attributes: What is said about the link.
    """

    trace_id: str
    span_id: str
    attributes: Attributes = field(factory=dict[str, Any])


@define(kw_only=True)  # not frozen: a frozen one takes four times as long to make
class OtelSpan:
    """A finished span. It is never changed.

    Attributes:
        trace_id: The trace, 32 hexadecimal digits in lower case.
        span_id: The span, 16 hexadecimal digits in lower case.
        parent_id: The parent span, or None for a root.
        name: Its name.
        kind: Its kind in lower case: internal, server, client, producer, consumer, or "" if nobody says.
        start_ns: The start, in Unix nanoseconds.
        end_ns: The end, in Unix nanoseconds.
        attributes: What is said about it.
        events: What happened during it, in order.
        links: The spans that it refers to.
        failed: Whether its status is an error.
        message: The message of its status.
        resource: What is said about the process that made it.
        scope: The name of the library that made it.
        scope_version: The version of that library.
        dropped: How many attributes, events and links its maker left out, by the name of the count.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None
    name: str = ""
    kind: str = ""
    start_ns: int
    end_ns: int
    attributes: Attributes = field(factory=dict[str, Any])
    events: Sequence[SpanEvent] = ()
    links: Sequence[SpanLink] = ()
    failed: bool = False
    message: str = ""
    resource: Attributes = field(factory=dict[str, Any])
    scope: str = ""
    scope_version: str = ""
    dropped: Mapping[str, int] = field(factory=dict[str, int])


KINDS = ("", "internal", "server", "client", "producer", "consumer")
"""The kinds of a span, by the number that OTLP gives them."""


def finite(number: float) -> float | str:
    """Return a number that JSON can hold; NaN and infinities are their names.

    >>> finite(1.5), finite(float("-inf"))
    (1.5, '-Infinity')
    """
    if number - number == 0.0:
        return number
    return "NaN" if number != number else "Infinity" if number > 0 else "-Infinity"
