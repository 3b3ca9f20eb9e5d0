r"""How many columns of a terminal a text takes, and where it can be cut. Pure.

East Asian wide characters and emoji take two columns; combining marks and what is joined take none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

JOINER = "\u200d"
_EMOJI_FORM = "\ufe0f"
_JOINED = (
    *range(0x1160, 0x1200),
    *range(0xD7B0, 0xD800),
)  # parts of a Hangul syllable
_SKIN = range(0x1F3FB, 0x1F400)


def cells(text: str) -> int:
    r"""Return how many columns a printable text takes.

    >>> cells("plan"), cells("漢字"), cells("e\u0301"), cells("👨\u200d👩")
    (4, 4, 1, 2)
    """
    return len(text) if text.isascii() else sum(width for _, width in _clusters(text))


def cut_to(text: str, width: int) -> str:
    r"""Return a text that takes at most so many columns; a text that is cut ends in "…".

    >>> cut_to("retrieval", 6), cut_to("漢字漢字", 6), cut_to("plan", 6)
    ('retri…', '漢字…', 'plan')
    """
    if cells(text) <= width:
        return text
    if width < 1:
        return ""
    kept, left = "", width - 1
    for cluster, size in _clusters(text):
        if size > left:
            break
        kept, left = kept + cluster, left - size
    return kept + "…"


def padded(text: str, width: int) -> str:
    """Return a text with spaces behind it, so that it takes at least so many columns."""
    return text + " " * (width - cells(text))


def _clusters(text: str) -> Iterator[tuple[str, int]]:
    """Yield what is drawn as one character, and its columns."""
    held, size = "", 0
    for char in text:
        if held and (joins(char) or held.endswith(JOINER)):
            held += char
            if char == _EMOJI_FORM:
                size = max(size, 2)
            continue
        if held:
            yield held, size
        held, size = char, _columns(char)
    if held:
        yield held, size


@lru_cache(4096)
def joins(char: str) -> bool:
    """Return whether a character is drawn on the one before it."""
    code = ord(char)
    if code < 0x300:
        return False
    return unicodedata.category(char) in ("Mn", "Me", "Cf") or code in _JOINED or code in _SKIN


@lru_cache(4096)
def _columns(char: str) -> int:
    if joins(char) and ord(char) not in _SKIN:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
