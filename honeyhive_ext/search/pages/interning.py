"""Equal strings of events that are all kept in memory are kept once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from honeyhive_client.models import Event

MOST = 10_000  # different strings that are remembered; others stay as they are
NAMES = ("event_type", "event_name", "source", "session_id", "project_id", "project")
SETTINGS = "config"  # the same models and providers repeat


def intern_strings(events: Sequence[Any], known: dict[str, str]) -> None:
    """Replace strings that often repeat by equal strings of earlier events, to save memory.

    Args:
        events: Events or dicts of a page; anything else stays as it is.
        known: The strings of earlier events. New ones are added.
    """
    one: Callable[[str, str], str] = known.setdefault if len(known) < MOST else known.get
    for event in events:
        if type(event) is Event:
            for name in NAMES:
                value: object = getattr(event, name)
                if type(value) is str:
                    setattr(event, name, one(value, value))
            settings: object = event.config
        elif type(event) is dict:
            fields = cast("dict[str, Any]", event)
            for name in NAMES:
                value = fields.get(name)
                if type(value) is str:
                    fields[name] = one(value, value)
            settings = fields.get(SETTINGS)
        else:
            continue
        if type(settings) is dict:
            named = cast("dict[str, Any]", settings)
            for name, value in named.items():
                if type(value) is str:
                    named[name] = one(value, value)
