"""The event of a span: its fields were checked when they were set."""

from __future__ import annotations

from typing import Any

from honeyhive_ext.config.settings import EventSettings
from honeyhive_ext.payload.times import complete
from honeyhive_ext.serialize.dumps import write_builtin


def prepare_recorded(fields: dict[str, Any], settings: EventSettings) -> bytes | None:
    """Return the JSON of the event of a span, whose fields are checked already, and of builtin types.

    Returns:
        None if `prepare_event` must do it: there is a redact hook, or JSON cannot hold a text.
    """
    if settings.redact is not None:
        return None
    wire: dict[str, Any] = {"inputs": {}, "source": settings.source, **fields}
    complete(wire)
    return write_builtin(wire)
