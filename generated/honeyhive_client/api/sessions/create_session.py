# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import errors
from ...models.create_session_request import CreateSessionRequest
from ...models.create_session_response import CreateSessionResponse
from ...models.error_response import ErrorResponse
from ...types import (
    Response,
    read_json,
    write_json,
)

if TYPE_CHECKING:
    import httpx

    from ...client import AuthenticatedClient, Client


def build_request(
    *,
    body: CreateSessionRequest | bytes,
) -> dict[str, Any]:
    """Return the request as keyword arguments for `httpx.Client.request`, without sending it.

    Args:
        body: The request as a model, or as bytes of JSON, which are sent unchanged.

    Returns:
        method, url (relative to the base URL), headers, content.
    """
    headers: dict[str, Any] = {}

    request: dict[str, Any] = {
        "method": "POST",
        "url": "/v1/sessions",
    }
    headers["Content-Type"] = "application/json"
    request["content"] = body if isinstance(body, bytes) else write_json(body.to_dict())
    request["headers"] = headers
    return request


def parse_response(*, status_code: int, content: bytes) -> CreateSessionResponse | ErrorResponse:
    """Return the model that the document describes for this status.

    Args:
        status_code: The answer's status.
        content: The answer's body.

    Raises:
        errors.UnexpectedStatus: The document does not name the status.
        errors.MalformedResponse: The body is not JSON or not what the document describes for the status.
    """
    if status_code == 200:
        return read_json(status_code, content, CreateSessionResponse.from_dict)

    if status_code in {400, 401, 403, 404, 408, 413, 429}:
        return read_json(status_code, content, ErrorResponse.from_dict)

    if 500 <= status_code <= 599:
        return read_json(status_code, content, ErrorResponse.from_dict)

    raise errors.UnexpectedStatus(status_code, content)


def _build_response(
    client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[CreateSessionResponse | ErrorResponse | None]:
    try:
        parsed = parse_response(status_code=response.status_code, content=response.content)
    except errors.UnexpectedStatus:
        if client.raise_on_unexpected_status:
            raise
        parsed = None
    return Response(response.status_code, response.content, response.headers, parsed)


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest | bytes,
) -> Response[CreateSessionResponse | ErrorResponse | None]:
    """Start a session.

    Starts a session, or returns the one that exists: a second request with the same session_id merges
    metadata and user_properties into it. A session is itself an event with event_type session, and its
    event_id equals its session_id.

    Args:
        body: The request as a model, or as bytes of JSON, which are sent unchanged.
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
        body=body,
    )
    return _build_response(client, client.get_httpx_client().request(**request))


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest | bytes,
) -> CreateSessionResponse | ErrorResponse | None:
    """Start a session.

    Starts a session, or returns the one that exists: a second request with the same session_id merges
    metadata and user_properties into it. A session is itself an event with event_type session, and its
    event_id equals its session_id.

    Args:
        body: The request as a model, or as bytes of JSON, which are sent unchanged.
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
        body=body,
    )
    return _build_response(client, client.get_httpx_client().request(**request)).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest | bytes,
) -> Response[CreateSessionResponse | ErrorResponse | None]:
    """Start a session.

    Starts a session, or returns the one that exists: a second request with the same session_id merges
    metadata and user_properties into it. A session is itself an event with event_type session, and its
    event_id equals its session_id.

    Args:
        body: The request as a model, or as bytes of JSON, which are sent unchanged.
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
        body=body,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**request))


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest | bytes,
) -> CreateSessionResponse | ErrorResponse | None:
    """Start a session.

    Starts a session, or returns the one that exists: a second request with the same session_id merges
    metadata and user_properties into it. A session is itself an event with event_type session, and its
    event_id equals its session_id.

    Args:
        body: The request as a model, or as bytes of JSON, which are sent unchanged.
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
        body=body,
    )
    return _build_response(client, await client.get_async_httpx_client().request(**request)).parsed
