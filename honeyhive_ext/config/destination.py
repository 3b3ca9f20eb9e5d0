"""Which clients send to the same project of the same service, told without comparing their keys."""

from __future__ import annotations

import os
from hashlib import blake2b

from honeyhive_ext.config.secrets import Secret

_SALT = os.urandom(32)  # of this process: what stands for a key says nothing about it elsewhere


def destination_of(base_url: str, key: Secret, *, salt: bytes = _SALT) -> str:
    """Return what stands for the service and the project that a key writes to.

    Args:
        base_url: The normalised URL of the API.
        key: The key for writes.
        salt: What the digest is keyed with, 16 to 64 random bytes. The default is of this process: give
            another one for digests that other processes compare.

    >>> key = Secret("hh_123")
    >>> destination_of("https://a.example", key) == destination_of("https://a.example", Secret("hh_123"))
    True
    >>> destination_of("https://a.example", key) == destination_of("https://b.example", key)
    False
    """
    return blake2b(f"{base_url}\0{key.reveal()}".encode(), key=salt, digest_size=16).hexdigest()
