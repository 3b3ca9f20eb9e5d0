"""Keys of dicts become str: as keys of JSON objects, and as steps of a path in messages."""

from __future__ import annotations

import re
from typing import Any

import orjson

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.serialize.encoders import (
    MAX_INT,
    MAX_STEPS,
    MIN_INT,
    encoder_for,
    kind_of,
    stand_in,
    well_formed,
)

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_CONSTANTS = {None: "null", True: "true", False: "false"}


def path_step(key: Any) -> str:
    """Return one step of a path into an object; a key with dots or spaces is quoted."""
    if type(key) is not str:
        return printable(f"[{stand_in(key)[:60]}]")
    if _IDENTIFIER.fullmatch(key):
        return f".{key}"
    return printable(f"[{orjson.dumps(well_formed(key[:60])).decode()}]")


def key_str(key: Any) -> str | None:
    """Return a key as JSON writes its value, without quotes; None for a key that JSON cannot hold."""
    value = key
    for _ in range(MAX_STEPS):
        kind = kind_of(value)
        if kind is str:
            return str(value)
        if value is None or kind is bool:
            return _CONSTANTS[value]
        if kind is int:
            return str(value) if MIN_INT <= value <= MAX_INT else None
        if kind is float:
            return orjson.dumps(value).decode() if value - value == 0.0 else None
        if kind in (dict, list, tuple):
            return None
        try:
            encoder = encoder_for(kind)
            value = None if encoder is None else encoder(value)
        except Exception as error:  # the caller refuses the key, with its path
            if from_a_signal_handler(error):
                raise
            return None
        if encoder is None:
            return None
    return None
