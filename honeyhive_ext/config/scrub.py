"""Texts without the keys of a client: the one place that knows how a text may write a key. Pure.

A server, a proxy or a library may repeat a key as it is, or as its own format writes it. So a key is found
as it is and in capitals; with percent, JSON, HTML or string escapes for any of its characters; with line
ends, blanks or NUL between them (wrapped lines, UTF-16); in base64 within any longer text; as hexadecimal or
decimal bytes; and cut off, from its first characters on. Anything that looks like a key of the service is
treated as one.
"""

from __future__ import annotations

import re
from base64 import b64encode

from honeyhive_ext.config.secrets import Secret
from honeyhive_ext.config.unpicklable import Unpicklable

MASK = "[key]"
SHORTEST = 8  # characters; a shorter key may occur in a text by chance
LONGEST = 256  # characters of a key that are found in other writings too
GLANCE = 4  # characters of a key; most texts do not even show these, and the whole pattern is slow to compile

_PREFIX = re.compile(r"(?:hh_(?:[A-Za-z0-9]{2,8}_)?)?")  # of a key: says its kind, and is no secret
_SECRET_PART = 4  # characters after the prefix that may be shown where a key is cut off, and one more
_ANY_KEY = r"hh_[A-Za-z0-9]{2,8}_[A-Za-z0-9]{16,}"

# Between two characters of a key, if the key has no such characters itself. Possessive, so that a text costs
# steps in proportion to its length.
_BETWEEN = (
    r"(?:[\s\0\xad\u200b\ufeff]++|\xc2\xad|\xe2\x80\x8b|\xef\xbb\xbf|=?(?:\r?\n)"  # bytes of UTF-8 too
    r"|\xc3\x82\xc2\xad|\xc3\xa2\xc2\x80\xc2\x8b|\xc3\xaf\xc2\xbb\xc2\xbf"  # which were encoded once more
    r"|\\{1,8}(?:[rnt]|\r?\n|(?:u00|x)(?:0[9aAdD]|20|[aA][dD])|u200[bB]|u[fF][eE][fF]{2})"
    r"|%(?:25){0,4}(?:0[9aAdD]|20)|&(?:amp;){0,4}#(?:0?(?:10|13|32)|[xX]0{0,4}[aAdD]);"
    r"|<(?:br|BR|wbr|WBR) ?/?>)*+"
)
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_BLANKS = r"[\s\0]*+"
_BETWEEN_BASE64 = r"(?:\s++|\\{1,8}[rn]|%0[aAdD])*+"


class Scrub(Unpicklable):
    """Takes the keys of a client out of texts. Nothing is done before the first text.

    Args:
        secrets: The keys; None and keys of fewer than 8 characters are left alone.

    >>> scrub = Scrub(Secret("hh_fgdp_0123456789"))
    >>> scrub.text("refused: Bearer hh_fgdp_0123456789, or hh%5ffgdp%5F012345%36789, or hh_fgdp_01234...")
    'refused: Bearer [key], or [key], or [key]...'
    >>> scrub
    Scrub('[secret]')
    """

    __slots__ = ("_begin", "_secrets", "_whole")

    def __init__(self, *secrets: Secret | None) -> None:
        self._secrets = tuple(secret for secret in secrets if secret is not None)
        self._begin: re.Pattern[str] | None = None
        self._whole: re.Pattern[str] | None = None

    def __repr__(self) -> str:
        return "Scrub('[secret]')"

    def add(self, *secrets: Secret) -> None:
        """Take these out of texts too, such as the password of a proxy."""
        self._secrets += secrets
        self._begin = self._whole = None

    def text(self, text: str) -> str:
        """Return a text without the keys."""
        return self._pattern().sub(MASK, text) if self._glance(text) else text

    def content(self, content: bytes) -> bytes:
        """Return bytes in any encoding without the keys. Bytes without one are not copied.

        >>> Scrub(Secret("hh_fgdp_0123456789")).content(b'{"key": "hh_fgdp_0123456789"}')
        b'{"key": "[key]"}'
        """
        text = content.decode("latin-1")
        return self.text(text).encode("latin-1") if self.shows(text) else content

    def shows(self, text: str) -> bool:
        """Return whether a text shows a key."""
        return self._glance(text) and self._pattern().search(text) is not None

    def shown_by(self, error: BaseException) -> bool:
        """Return whether an exception shows a key: in its message, its arguments or its attributes."""
        return self.shows(f"{error} {error.args!r} {vars(error)!r}")

    def clean(self, error: BaseException) -> None:
        """Take the keys out of an exception: out of its arguments, its attributes, and its causes."""
        cause = behind = error.__cause__
        while behind is not None and not self.shown_by(behind):
            behind = behind.__cause__
        if behind is not None:
            error.__cause__ = None
            error.__context__ = None if error.__context__ is cause else error.__context__
        error.args = tuple(map(self._value, error.args))
        for name, value in vars(error).items():
            setattr(error, name, self._value(value))

    def _value(self, value: object) -> object:
        if isinstance(value, str):
            return self.text(value)
        return self.content(value) if isinstance(value, bytes) else value

    # `re` keeps what it has compiled, so that all clients with the same keys share it.

    def _glance(self, text: str) -> bool:
        """Return whether a text shows the beginning of a key."""
        if self._begin is None:
            begins = [_written(secret, GLANCE) for secret in self._secrets]
            self._begin = re.compile("|".join([*begins, "hh_"]))
        return self._begin.search(text) is not None

    def _pattern(self) -> re.Pattern[str]:
        if self._whole is None:
            self._whole = re.compile("|".join([*(_written(secret) for secret in self._secrets), _ANY_KEY]))
        return self._whole


NO_KEYS = Scrub()


def _written(secret: Secret, longest: int = LONGEST) -> str:
    """Return the pattern of the first characters of a key, as a text may write them."""
    key = secret.reveal()
    if len(key) < SHORTEST:
        return r"(?!)"
    found = _PREFIX.match(key)
    least = min(len(key), longest, max(SHORTEST, (found.end() if found else 0) + _SECRET_PART))
    start = key[:longest]
    between = _BLANKS if set(start) & set(r"\%&=<") else _BETWEEN
    codes = start.encode()
    return "|".join(
        (
            re.escape(key if longest == LONGEST else start),
            _sequence([_character(start[0], 1), *map(_character, start[1:])], between, least),
            *(
                _sequence([*map(_base64_character, text)], _BETWEEN_BASE64, least * 4 // 3 - 1)
                for text in _base64(codes)
            ),
            _sequence([rf"(?:0x)?+{_any_case(f'{code:02x}')}" for code in codes], r"[\s:,-]{0,3}+", least),
            _sequence([str(code) for code in codes], r"[\s,]{1,3}+", least),
        )
    )


def _sequence(parts: list[str], between: str, least: int) -> str:
    """Return the pattern of parts one after the other: the first ones, and then those that follow."""
    return between.join(parts[:least]) + "".join(f"(?:{between}{part})?" for part in parts[least:])


def _any_case(text: str) -> str:
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else re.escape(char) for char in text.lower())


def _character(char: str, escaped: int = 8) -> str:
    """Return the pattern of one character of a key: itself or an escape, with up to so many backslashes.

    No two of its choices match the same text. Otherwise a text that repeats the beginning of a key would cost
    twice the steps for each character. The first character may have one backslash, so that a row of them is
    not read once for each of them.
    """
    code = ord(char)
    two = _any_case(f"{code:02x}")
    named = f"|{_NAMED[char]}" if char in _NAMED else ""
    return (
        rf"(?:\\{{0,{escaped}}}{_any_case(char)}|%(?:25){{0,4}}(?:[uU]00)?{two}|={two}"
        rf"|\\{{1,{escaped}}}(?:[xX]{two}|[uU](?:0000)?00{two}|[uU]\{{0{{0,4}}{two}\}}|{code:03o})"
        rf"|&(?:amp;){{0,4}}#(?:[xX]0{{0,4}}{two}|0{{0,4}}{code}(?![0-9]));?{named})"
    )


def _base64_character(char: str) -> str:
    if char == "+":
        return r"(?:[+-]|%2[bB])"
    return r"(?:\\{0,4}[/_]|%2[fF])" if char == "/" else re.escape(char)


def _base64(codes: bytes) -> list[str]:
    """Return what is in the base64 of each text that contains these bytes, one for each place in a group."""
    found: list[str] = []
    for before, first in ((0, 0), (1, 2), (2, 3)):  # bytes before, and the first character that shows none
        text = b64encode(bytes(before) + codes).decode()
        found.append(text[first : (before + len(codes)) * 8 // 6])
    return found
