# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""The clients for the endpoint functions: base URL, token, timeout and connections."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, NoReturn, Self

import httpx
from attrs import define, evolve, field

from .types import shown

DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""60 s for each read, write and wait for a connection, 10 s to connect.

httpx counts each step by itself, so a server that sends a byte now and then can take longer in all.
`honeyhive_ext` has a deadline for the whole call.
"""


def _timeout(value: httpx.Timeout | float | None) -> httpx.Timeout:
    return value if isinstance(value, httpx.Timeout) else httpx.Timeout(value)


def _copy(value: Mapping[str, Any]) -> dict[str, Any]:
    return dict(value)


@define(eq=False, repr=False)
class Client:
    """A client without a token.

    Args:
        base_url: The start of every URL, such as https://api.dp1.us.honeyhive.ai.
        raise_on_unexpected_status: Whether a status that the document does not name raises
            errors.UnexpectedStatus; otherwise the parsed response is None.
        cookies: Cookies for every request.
        headers: Headers for every request.
        timeout: An httpx.Timeout, or seconds for each step of a request; None waits forever.
        verify_ssl: Whether to check the server's certificate, or an SSLContext, or the path of a CA bundle.
        follow_redirects: Whether to follow redirects.
        httpx_args: More arguments for httpx.Client and httpx.AsyncClient.
    """

    raise_on_unexpected_status: bool = field(default=True, kw_only=True)
    _base_url: str = field(alias="base_url")
    _cookies: dict[str, str] = field(
        factory=dict[str, str], kw_only=True, alias="cookies", converter=_copy, repr=False
    )
    _headers: dict[str, str] = field(
        factory=dict[str, str], kw_only=True, alias="headers", converter=_copy, repr=False
    )
    _timeout: httpx.Timeout = field(
        default=DEFAULT_TIMEOUT, kw_only=True, alias="timeout", converter=_timeout
    )
    _verify_ssl: str | bool | ssl.SSLContext = field(default=True, kw_only=True, alias="verify_ssl")
    _follow_redirects: bool = field(default=False, kw_only=True, alias="follow_redirects")
    _httpx_args: dict[str, Any] = field(
        factory=dict[str, Any], kw_only=True, alias="httpx_args", converter=_copy, repr=False
    )
    _client: httpx.Client | None = field(default=None, init=False, repr=False)
    _async_client: httpx.AsyncClient | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def __repr__(self) -> str:
        return shown(self)

    def with_headers(self, headers: Mapping[str, str]) -> Self:
        """Return a new client with more headers and its own connections; this one does not change."""
        return evolve(self, headers={**self._headers, **headers})

    def with_cookies(self, cookies: Mapping[str, str]) -> Self:
        """Return a new client with more cookies and its own connections; this one does not change."""
        return evolve(self, cookies={**self._cookies, **cookies})

    def with_timeout(self, timeout: httpx.Timeout | float | None) -> Self:
        """Return a new client with another timeout and its own connections; this one does not change."""
        return evolve(self, timeout=timeout)

    def _request_headers(self) -> dict[str, str]:
        return {**self._headers}

    def _arguments(self) -> dict[str, Any]:
        return {
            "base_url": self._base_url,
            "cookies": self._cookies,
            "headers": self._request_headers(),
            "timeout": self._timeout,
            "verify": self._verify_ssl,
            "follow_redirects": self._follow_redirects,
            **self._httpx_args,
        }

    def set_httpx_client(self, client: httpx.Client) -> Self:
        """Use this httpx.Client. Its base URL, headers, cookies and timeout apply, not those of this client."""
        self._client = client
        return self

    def get_httpx_client(self) -> httpx.Client:
        """Return the httpx.Client of the sync functions; the first call makes it."""
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(**self._arguments())
            return self._client

    def __enter__(self) -> Self:
        """Open the connections; like httpx.Client, a client can be entered once."""
        self.get_httpx_client().__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self.get_httpx_client().__exit__(kind, error, traceback)

    def set_async_httpx_client(self, async_client: httpx.AsyncClient) -> Self:
        """Use this httpx.AsyncClient. Its base URL, headers, cookies and timeout apply, not those of this client."""
        self._async_client = async_client
        return self

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """Return the httpx.AsyncClient of the asyncio functions; the first call makes it."""
        with self._lock:
            if self._async_client is None:
                self._async_client = httpx.AsyncClient(**self._arguments())
            return self._async_client

    async def __aenter__(self) -> Self:
        """Open the connections; like httpx.AsyncClient, a client can be entered once."""
        await self.get_async_httpx_client().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self.get_async_httpx_client().__aexit__(kind, error, traceback)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied: a pickle would contain the token but not the connections."""
        raise TypeError(
            f"{type(self).__name__} cannot be pickled or copied: make a new one, or use with_headers()"
        )


@define(eq=False, repr=False)
class AuthenticatedClient(Client):
    """A client with a token. Every operation of the document needs one.

    Args:
        token: The API key, for the header `auth_header_name`. No repr shows it.
        prefix: The word before the token in that header; "" for none.
        auth_header_name: The name of that header.
        base_url: This and the other arguments are those of `Client`.

    Example:
        >>> AuthenticatedClient("https://api.honeyhive.ai", "hh_secret").with_timeout(5).prefix
        'Bearer'
    """

    token: str = field(repr=False)
    prefix: str = "Bearer"
    auth_header_name: str = "Authorization"

    def _request_headers(self) -> dict[str, str]:
        value = f"{self.prefix} {self.token}" if self.prefix else self.token
        return {**self._headers, self.auth_header_name: value}


__all__ = ["DEFAULT_TIMEOUT", "AuthenticatedClient", "Client"]
