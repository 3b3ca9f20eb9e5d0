"""How much memory the values of a JSON text take once they are read. Pure."""

from __future__ import annotations

VALUE, ARRAY, OBJECT = 40, 120, 200  # bytes, about
MOST_FOR_A_BYTE = OBJECT // len("{}")
PIECE = 1_048_576  # bytes looked at at a time


def values_exceed(text: bytes, most: int) -> bool:
    """Return whether the values of a JSON text would take more memory than this.

    Only a text that is long enough for it is looked at. It is not parsed, so it may be no JSON.

    Args:
        text: The JSON.
        most: Bytes of memory.

    >>> values_exceed(b"[" + b"[]," * 999 + b"[]]", 100_000)
    True
    >>> values_exceed(b'["' + b"[]," * 999 + b'[]"]', 100_000)
    False
    """
    if len(text) * MOST_FOR_A_BYTE <= most or _memory(text) <= most:
        return False
    # The characters inside texts count only if the whole is too much.
    found = at = 0
    inside = False
    while at < len(text):
        end = _not_after_a_backslash(text, at + PIECE)
        piece = text[at:end].replace(rb"\\", b"").replace(rb"\"", b"")
        parts = piece.split(b'"')
        found += _memory(b" ".join(parts[inside::2]))
        if found > most:
            return True
        inside ^= len(parts) % 2 == 0
        at = end
    return False


def _not_after_a_backslash(text: bytes, end: int) -> int:
    """Return the first place from `end` on that is within no escape."""
    while text[end - 1 : end] == b"\\":
        end += 1
    return end


def _memory(text: bytes) -> int:
    return text.count(b",") * VALUE + text.count(b"[") * ARRAY + text.count(b"{") * OBJECT
