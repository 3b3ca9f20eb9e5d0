# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""Patterns of JSON Schema, which are those of ECMA-262, as patterns of Python."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{[0-9]+,\}|\(\?<(?![=!])|.", re.DOTALL)


@functools.cache
def python_pattern(pattern: str, longest: int | None = None) -> re.Pattern[str]:
    r"""Return a pattern that matches what the pattern matches in ECMA-262.

    There `$` matches at the end alone, while Python's matches before a last newline too, and `\d` and `\w`
    are ASCII.

    Args:
        pattern: The pattern of a schema.
        longest: The most repetitions for `*`, `+` and `{n,}`; without limit if it is None.

    Raises:
        re.error: Python does not have something in it.

    >>> python_pattern(r"^[$a]+\$(?<x>b)*$", 3).pattern
    '^[$a]{1,3}\\$(?P<x>b){0,3}\\Z'
    """
    return re.compile("".join(_translated(pattern, longest)), re.ASCII)


def _translated(pattern: str, longest: int | None) -> Iterator[str]:
    for part in _TOKEN.findall(pattern):
        if part == "$":
            yield r"\Z"
        elif part == "(?<":
            yield "(?P<"
        elif longest is not None and part in ("*", "+"):
            yield f"{{{'*+'.index(part)},{longest}}}"
        elif longest is not None and part.endswith(",}"):
            least = int(part[1:-2])
            yield f"{{{least},{max(least, longest)}}}"
        else:
            yield part
