"""From the answer to the read of one event to the event. Pure."""

from __future__ import annotations

import msgspec

from honeyhive_ext.reading.event import Event, read_event


class Envelope(msgspec.Struct):
    """An answer with one event."""

    event: msgspec.Raw


_ENVELOPE = msgspec.json.Decoder(Envelope)


def enveloped(content: bytes) -> Event | None:
    """Return the event in an answer; None if there is none that `msgspec` reads.

    >>> enveloped(b'{"event": {"event_name": "answer"}}')
    Event(event_name='answer')
    """
    try:
        content.decode()
        text = bytes(_ENVELOPE.decode(content).event)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    return read_event(text) if text.startswith(b"{") else None
