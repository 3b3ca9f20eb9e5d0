# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The HoneyHive events API, low level: one function for each operation, one class for each object.

    from honeyhive_client import AuthenticatedClient
    from honeyhive_client.api.events import create_event
    from honeyhive_client.models import CreateEventRequest

    with AuthenticatedClient("https://api.dp1.us.honeyhive.ai", token) as client:
        answer = create_event.sync(client=client, body=CreateEventRequest(event_type="tool", inputs={}))

Nothing is retried here, and no event id is made; the ergonomic layer does both.
"""

from . import errors
from .client import DEFAULT_TIMEOUT, AuthenticatedClient, Client
from .types import UNSET, Response, Unset

__all__ = ("DEFAULT_TIMEOUT", "UNSET", "AuthenticatedClient", "Client", "Response", "Unset", "errors")
