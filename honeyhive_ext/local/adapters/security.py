"""Who may send requests: keys, the Host header, the Origin header."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Mapping

from attrs import field, frozen

from honeyhive_ext.config.hosts import address_of
from honeyhive_ext.config.secrets import DATA_PLANE, DATA_PLANE_PREFIX
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.adapters.header_fields import host_name
from honeyhive_ext.local.message import RequestRefused

_INGESTION = "hh_ingst_"
_SENDABLE = re.compile(r"[!-~]+")
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@frozen
class Keys:
    """Which API keys are accepted.

    Args:
        key: The project key; None accepts any.
        ingestion_key: A key that may create and update but not read.
    """

    key: str | None = field(default=None, repr=False)
    ingestion_key: str | None = field(default=None, repr=False)

    def __attrs_post_init__(self) -> None:
        for name, key in (("api_key", self.key), ("ingestion_key", self.ingestion_key)):
            if key is None:
                continue
            if not _SENDABLE.fullmatch(key):
                what = "not a key that a header can hold" if key else "empty"
                raise ConfigError(
                    f"{name} is {what}: leave it out to accept any key, or give one of printable ASCII "
                    "characters without spaces"
                )
            if key.startswith(DATA_PLANE_PREFIX):
                raise ConfigError(f"{name} is {DATA_PLANE}")

    def check(self, headers: Mapping[str, str], *, reads: bool) -> None:
        """Check the key of a request.

        Args:
            headers: The headers, names in lower case.
            reads: Whether the request reads, which an ingestion key may not.

        Raises:
            RequestRefused: 401 without a key or with an unknown one; 403 for a data plane key, and for an
                ingestion key that reads.
        """
        given = bearer(headers)
        if not given:
            raise _unauthorized("the API key is missing: send Authorization: Bearer <key>")
        if given.startswith(DATA_PLANE_PREFIX):
            raise RequestRefused(403, f"the API key is {DATA_PLANE}", "FORBIDDEN")
        ingests = given.startswith(_INGESTION) if self.key is None else _same(given, self.ingestion_key)
        if self.key is not None and not (_same(given, self.key) or ingests):
            raise _unauthorized("the API key is not known to this server")
        if ingests and reads:
            raise RequestRefused(403, "an ingestion key cannot read", "FORBIDDEN")


def bearer(headers: Mapping[str, str]) -> str:
    """Return the key of a request, or "" if it has none."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _same(given: str, wanted: str | None) -> bool:
    """Compare in constant time, so that the time of an answer says nothing about the key."""
    return wanted is not None and hmac.compare_digest(given.encode(), wanted.encode())


def _unauthorized(message: str) -> RequestRefused:
    return RequestRefused(401, message, "UNAUTHORIZED", headers=[("www-authenticate", "Bearer")])


def check_host(headers: Mapping[str, str], allowed: Collection[str]) -> None:
    """Check that a request names this server, and comes from no web page of another origin.

    Without the check of Host, an attacker's name that points to 127.0.0.1 (DNS rebinding) would let any web
    page read the store. Without the check of Origin, any web page could write to it.

    Raises:
        RequestRefused: 403, the request names another server or another origin; 400, the name is none.
    """
    if host_name(headers.get("host", "")) not in allowed:
        raise RequestRefused(
            403,
            "the Host header names another server: allow the name with allowed_hosts (--allowed-host)",
            "HOST",
        )
    origin = headers.get("origin")
    if origin is not None:
        scheme, _, rest = origin.partition("://")
        if scheme not in ("http", "https") or rest.lower() != headers.get("host", "").strip().lower():
            raise RequestRefused(403, "web pages of other origins may not use this server", "ORIGIN")


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    address = address_of(host)
    return host.lower() == "localhost" if address is None else address.is_loopback
