"""The fields that the end of a span adds to its event. Pure."""

from __future__ import annotations

from typing import Any

from honeyhive_ext.payload.times import ms_of_ns
from honeyhive_ext.serialize.bounded import CAPTURE_BYTES, refit, size_of
from honeyhive_ext.tracing.capture import error_text

INTERRUPTED = "interrupted: the process ended before the span"


def finished(
    fields: dict[str, Any], started: int, elapsed: int, error: BaseException | None
) -> dict[str, Any]:
    """Add the times and the error that are not set, and return the fields.

    Args:
        fields: Those that are set so far.
        started: When the span began, in Unix ns that are whole microseconds.
        elapsed: How long it took, in ns; not by a wall clock, which may be set meanwhile.
        error: The exception that ended it. A generator that is closed has no error.
    """
    if error is not None and not isinstance(error, GeneratorExit) and fields.get("error") is None:
        fields["error"] = error_text(error)
    if "end_time" not in fields and "duration" not in fields:
        fields["end_time"] = ms_of_ns(started + elapsed)
        if "start_time" not in fields:
            fields["duration"] = ms_of_ns(elapsed)
            fields["start_time"] = ms_of_ns(started)
    elif not ("start_time" in fields or ("end_time" in fields and "duration" in fields)):
        fields["start_time"] = ms_of_ns(started)
    return fields


def within_limits(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an event, cut if together they are beyond the limits of one event."""
    return fields if size_of(fields) <= CAPTURE_BYTES else refit(fields)
