"""The files of the page. They are read from the package once, at the first request for one."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from attrs import frozen

_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),  # another version may serve the same address tomorrow
)


@frozen
class Asset:
    """One file of the page.

    Args:
        body: Its bytes.
        packed: The same, compressed with gzip.
        media_type: Its content type.
    """

    body: bytes
    packed: bytes
    media_type: str


@cache
def assets() -> Mapping[str, Asset]:
    """Return the files of the page by name."""
    found: dict[str, Asset] = {}
    for file in files("honeyhive_ext.local.viewer").iterdir():
        kind = _MEDIA_TYPES.get(file.name[file.name.rfind(".") :])
        if kind is not None:
            body = file.read_bytes()
            found[file.name] = Asset(body, gzip.compress(body, mtime=0), kind)
    return found
