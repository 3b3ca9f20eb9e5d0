# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from ... import errors
from ...models.error_response import ErrorResponse
from ...models.get_event_response import GetEventResponse
from ...types import (
    Response,
    path_segment,
    read_json,
)

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def build_request(
    *,
    event_id: str | UUID,
) -> dict[str, Any]:
    """Return the request as keyword arguments for `httpx.Client.request`, without sending it.

    Args:
        event_id: The event's id, a UUID.

    Returns:
        method, url (relative to the base URL).
    """

    request: dict[str, Any] = {
        "method": "GET",
        "url": f"/v1/events/{path_segment(event_id)}",
    }
    return request


def parse_response(*, status_code: int, content: bytes) -> ErrorResponse | GetEventResponse:
    """Return the model that the document describes for this status.

    Args:
        status_code: The answer's status.
        content: The answer's body.

    Raises:
        errors.UnexpectedStatus: The document does not name the status.
        errors.MalformedResponse: The body is not JSON or not what the document describes for the status.
    """
    if status_code == 200:
        return read_json(status_code, content, GetEventResponse.from_dict)

    if status_code in {400, 401, 403, 404, 408, 429}:
        return read_json(status_code, content, ErrorResponse.from_dict)

    if 500 <= status_code <= 599:
        return read_json(status_code, content, ErrorResponse.from_dict)

    raise errors.UnexpectedStatus(status_code, content)


def _build_response(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[ErrorResponse | GetEventResponse | None]:
    try:
        parsed = parse_response(status_code=response.status_code, content=response.content)
    except errors.UnexpectedStatus:
        if client.raise_on_unexpected_status:
            raise
        parsed = None
    return Response(response.status_code, response.content, response.headers, parsed)


def sync_detailed(
    event_id: str | UUID,
    *,
    client: AuthenticatedClient | Client,
) -> Response[ErrorResponse | GetEventResponse | None]:
    """Read one event.

    Returns the stored event with this id.

    Args:
        event_id: The event's id, a UUID.
        client: The client that sends it.

    Raises:
        errors.UnexpectedStatus: The status is not documented and client.raise_on_unexpected_status is True.
        errors.MalformedResponse: The body is not JSON or not what the document describes for the status.
        httpx.TimeoutException: A step of the request took longer than the client's timeout.
        httpx.TransportError: The request could not be sent, or the response could not be read.

    Returns:
        The answer with its status, headers and parsed body.
    """
    request = build_request(
        event_id=event_id,
    )
    return _build_response(client, client.get_httpx_client().request(**request))


def sync(
    event_id: str | UUID,
    *,
    client: AuthenticatedClient | Client,
) -> ErrorResponse | GetEventResponse | None:
    """Read one event.

    Returns the stored event with this id.

    Args:
        event_id: The event's id, a UUID.
        client: The client that sends it.

    Raises:
        errors.UnexpectedStatus: The status is not documented and client.raise_on_unexpected_status is True.
        errors.MalformedResponse: The body is not JSON or not what the document describes for the status.
        httpx.TimeoutException: A step of the request took longer than the client's timeout.
        httpx.TransportError: The request could not be sent, or the response could not be read.

    Returns:
        The parsed body, of a success or of a documented error.
    """
    request = build_request(
        event_id=event_id,
    )
    return _build_response(client, client.get_httpx_client().request(**request)).parsed


async def asyncio_detailed(
    event_id: str | UUID,
    *,
    client: AuthenticatedClient | Client,
) -> Response[ErrorResponse | GetEventResponse | None]:
    """Read one event.

    Returns the stored event with this id.

    Args:
        event_id: The event's id, a UUID.
        client: The client that sends it.

    Raises:
        errors.UnexpectedStatus: The status is not documented and client.raise_on_unexpected_status is True.
        errors.MalformedResponse: The body is not JSON or not what the document describes for the status.
        httpx.TimeoutException: A step of the request took longer than the client's timeout.
        httpx.TransportError: The request could not be sent, or the response could not be read.

    Returns:
        The answer with its status, headers and parsed body.
    """
    request = build_request(
        event_id=event_id,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    event_id: str | UUID,
    *,
    client: AuthenticatedClient | Client,
) -> ErrorResponse | GetEventResponse | None:
    """Read one event.

    Returns the stored event with this id.

    Args:
        event_id: The event's id, a UUID.
        client: The client that sends it.

    Raises:
        errors.UnexpectedStatus: The status is not documented and client.raise_on_unexpected_status is True.
        errors.MalformedResponse: The body is not JSON or not what the document describes for the status.
        httpx.TimeoutException: A step of the request took longer than the client's timeout.
        httpx.TransportError: The request could not be sent, or the response could not be read.

    Returns:
        The parsed body, of a success or of a documented error.
    """
    request = build_request(
        event_id=event_id,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**request)).parsed
