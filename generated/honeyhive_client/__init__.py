# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The HoneyHive events API, low level: one function for each operation, one class for each object.

    from honeyhive_client import AuthenticatedClient
    from honeyhive_client.api.events import create_event
    from honeyhive_client.models import CreateEventRequest

    with AuthenticatedClient("https://api.dp1.us.honeyhive.ai", token) as client:
        response = create_event.sync(client=client, body=CreateEventRequest(event_type="tool", inputs={}))

It does not retry and makes no event ids; `honeyhive_ext` does both.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import errors
    from .client import DEFAULT_TIMEOUT, AuthenticatedClient, Client
    from .types import UNSET, Response, Unset

__all__ = ("DEFAULT_TIMEOUT", "UNSET", "AuthenticatedClient", "Client", "Response", "Unset", "errors")

_TYPES = ("UNSET", "Response", "Unset")


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "errors":
        return import_module(".errors", __name__)
    value: object = getattr(import_module(".types" if name in _TYPES else ".client", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
