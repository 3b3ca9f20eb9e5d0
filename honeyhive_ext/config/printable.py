r"""Text of others as a terminal may show it: the one place that decides what is shown as an escape.

Names, errors and file names come from other programs. A terminal acts on some of their characters: ESC, BEL
and the C1 controls move the cursor, set the title or hide text; carriage returns and line ends forge lines;
the controls of bidirectional text swap what is read. Those, and characters that show nothing, become escapes
as Python writes them. Joiners (U+200C, U+200D), which scripts and emoji need, stay.
"""

from __future__ import annotations

import re

_ACTS = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def printable(text: str) -> str:
    r"""Return a text in which no character acts on a terminal, hides itself or begins a new line.

    >>> printable("ok\x1b[2J\x07 \u202eevil\n")
    'ok\\x1b[2J\\x07 \\u202eevil\\n'
    >>> printable("漢字 👨\u200d👩")
    '漢字 👨\u200d👩'
    """
    return _ACTS.sub(_escape, text)


def printable_json(text: str) -> str:
    r"""Return one line of JSON with the same values, in which no character acts on a terminal.

    >>> printable_json('{"name":"a\u202eb\x9b"}')
    '{"name":"a\\u202eb\\u009b"}'
    """
    return _ACTS.sub(_json_escape, text)


def _json_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
