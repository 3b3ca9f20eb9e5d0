"""A text of conditions, read from left to right: blanks, words, signs, and what is in quotes. Pure."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from attrs import define, frozen

from honeyhive_ext.config.checks import lone_surrogate
from honeyhive_ext.errors import QueryError

QUOTES = ('"', "'")
_BLANK = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d]\w*(?![\w.\-/:])")
_IN_QUOTES = {mark: re.compile(rf"{mark}((?:[^{mark}\\]|\\.)*){mark}", re.DOTALL) for mark in QUOTES}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", '"': '"', "'": "'"}


class FilterTextError(QueryError):
    """Conditions written as text that cannot be read.

    Attributes:
        reason: What is wrong, and what to write.
        text: The text.
        position: The first character that is wrong, counted from 0.
        length: How many characters are wrong.
        suggestion: What could be written there instead; None if there is no suggestion.

    >>> from honeyhive_ext.filters import parse
    >>> try:
    ...     parse("metadata.cost >= 5")
    ... except FilterTextError as error:
    ...     print(error)
    ...     print(error.position, error.length, error.suggestion)
    the API has no >=: for whole numbers write > 4 (at character 15: '>= 5')
    14 4 > 4
    """

    __module__ = "honeyhive_ext"

    def __init__(
        self, reason: str, text: str, position: int, length: int, suggestion: str | None = None
    ) -> None:
        self.reason = reason
        self.text = text
        self.position = position
        self.length = length
        self.suggestion = suggestion
        wrong = text[position : position + min(length, 40)]
        super().__init__(f"{reason} (at character {position + 1}{f': {wrong!r}' if wrong else ''})")


@frozen
class TextPlace:
    """Where a part of the text is: its first character, counted from 0, and its length."""

    position: int
    length: int

    @property
    def end(self) -> int:
        """The first character after it."""
        return self.position + self.length


@define
class TextReader:
    """The text and where its reading has arrived."""

    text: str
    at: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.at >= len(self.text)

    def peek(self) -> str:
        """Return the next character; "" at the end."""
        return self.text[self.at : self.at + 1]

    def blanks(self) -> None:
        """Take the blanks that come next."""
        self.take(_BLANK)

    def take(self, pattern: re.Pattern[str]) -> str:
        """Take what matches a pattern here, and return it."""
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found[0]

    def take_sign(self, *signs: str) -> bool:
        """Take one of these, and the blanks after it, if it comes next."""
        for sign in signs:
            if self.text.startswith(sign, self.at):
                self.at += len(sign)
                self.blanks()
                return True
        return False

    def word(self) -> str:
        """Return the word that comes next, in small letters; "" if there is none."""
        found = _WORD.match(self.text, self.at)
        return "" if found is None else found[0].lower()

    def take_words(self, *words: str) -> bool:
        """Take these words, and the blanks after them, if they come next."""
        begun = self.at
        for word in words:
            if self.word() != word:
                self.at = begun
                return False
            self.at += len(word)
            self.blanks()
        return True

    def since(self, position: int) -> TextPlace:
        """Return the place from a character to here, without the blanks at its end."""
        return TextPlace(position, len(self.text[position : self.at].rstrip()))

    def fail(self, reason: str, place: TextPlace, suggestion: str | None = None) -> NoReturn:
        """Raise the error of a place in the text."""
        raise FilterTextError(reason, self.text, place.position, place.length, suggestion)

    def quoted(self) -> str:
        """Take a text in quotes, and return it without them."""
        begun, mark = self.at, self.peek()
        found = _IN_QUOTES[mark].match(self.text, begun)
        if found is None:
            rest = self.text[begun:]
            self.fail(f"the closing {mark} is missing", TextPlace(begun, len(rest)), rest + mark)
        self.at = found.end()
        text = _ESCAPE.sub(lambda one: self._unescaped(one, begun + 1), found[1])
        if lone_surrogate(text):  # or a pair of them, written as two escapes
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        if problem := lone_surrogate(text):
            self.fail(f"the text has {problem}", self.since(begun))
        return text

    def _unescaped(self, found: re.Match[str], offset: int) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2] not in _ESCAPES:
            place = TextPlace(offset + found.start(), len(found[0]))
            self.fail("there is no such escape: write \\\\ for a backslash", place, "\\" + found[0])
        return _ESCAPES[found[2]]


def quoted_text(text: str) -> str:
    """Return a text in quotes, as `TextReader.quoted` reads it."""
    return json.dumps(text, ensure_ascii=False)
