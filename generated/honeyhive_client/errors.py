# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The errors of the endpoint functions, next to those of httpx."""

from __future__ import annotations

from typing import Any

BODY_SHOWN = 500  # bytes of the body that a message shows


class ResponseError(Exception):
    """The response cannot be used.

    Attributes:
        status_code: The HTTP status.
        content: The body, unchanged.
    """

    def __init__(self, status_code: int, content: bytes, reason: str) -> None:
        self.status_code = status_code
        self.content = content
        self.reason = reason
        shown = content[:BODY_SHOWN].decode(errors="replace")
        more = f" ... ({len(content)} bytes)" if len(content) > BODY_SHOWN else ""
        super().__init__(f"status {status_code}: {reason}; body: {shown}{more}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.status_code, self.content, self.reason)


class UnexpectedStatus(ResponseError):  # noqa: N818 - the name that the generator gives it
    """The status is not one that openapi.yaml documents for the operation."""

    def __init__(self, status_code: int, content: bytes, reason: str = "not a documented status") -> None:
        super().__init__(status_code, content, reason)


class MalformedResponse(ResponseError):  # noqa: N818 - named like UnexpectedStatus
    """The body is not JSON, or not the object that openapi.yaml describes for the status."""


__all__ = ["MalformedResponse", "ResponseError", "UnexpectedStatus"]
