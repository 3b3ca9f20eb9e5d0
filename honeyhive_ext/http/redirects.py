"""Where a redirect may lead. Pure."""

from __future__ import annotations

import httpx


def same_origin(url: httpx.URL, location: str) -> httpx.URL | None:
    """Return the URL that a redirect leads to if scheme, host and port stay the same, else None.

    >>> same_origin(httpx.URL("https://a.example/v1"), "/v1/")
    URL('https://a.example/v1/')
    >>> same_origin(httpx.URL("https://a.example/v1"), "http://a.example/v1") is None
    True
    """
    if not location or not location.isascii():
        return None
    try:
        given = httpx.URL(location)
        # "http:path" and "//" name no host, as a URL of http must (RFC 9110, 4.2.1).
        if not given.host and (given.scheme or location.startswith("//")):
            return None
        target = url.join(given)
    except (httpx.InvalidURL, ValueError):
        return None
    return target if origin_of(target) == origin_of(url) and not target.userinfo else None


def origin_of(url: httpx.URL) -> str:
    """Return the scheme, the host and the port of a URL."""
    return f"{url.scheme}://{url.netloc.decode('ascii')}"  # httpx leaves out a port that is the default
