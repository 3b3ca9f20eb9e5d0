"""A reader of JSON that takes nothing beyond RFC 8259, and no key twice."""

from __future__ import annotations

import json
from typing import Any


def strict(content: bytes) -> Any:
    """Return the parsed value. NaN, infinity and a repeated key are an AssertionError."""

    def refuse(text: str) -> Any:
        raise AssertionError(f"{text} is not JSON")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    return json.loads(content.decode("utf-8", "strict"), parse_constant=refuse, object_pairs_hook=unique)
