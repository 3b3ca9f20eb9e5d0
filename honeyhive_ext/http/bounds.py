"""What one answer may be: how late, how large, and about which event."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, NamedTuple, cast

import httpx

from honeyhive_ext.config.defaults import MAX_ANSWER_BYTES
from honeyhive_ext.payload.ids import one_form
from honeyhive_ext.serialize.exact_json import answered_value
from honeyhive_ext.serialize.value_memory import values_exceed

SHORTEST_ATTEMPT = 0.001  # seconds; a timeout of zero would mean "do not block" to a socket
MAX_HEAD = 65_536  # bytes of headers
MAX_ERROR_BYTES = 1_000_000  # of the body of an answer that is not a success
FEWEST_VALUES = 256_000_000  # bytes of memory that the values of any body may take, about
VALUES_TO_BODY = 4  # times `max_answer_bytes` that they may take, if that is more
SHOWN = 100  # characters of a value of an answer that a message quotes


class AnswerError(httpx.RequestError):
    """An answer that came and cannot be used. Its connection is closed.

    Attributes:
        status: The HTTP status; 0 where the HTTP library does not tell it.
        body: The beginning of its body, if it was read.
    """

    def __init__(self, message: str, status: int, body: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.body = body


# What h11 and aiohttp say of headers that they cannot read. A hostile Location is no reason to write again.
_OF_HEADERS = re.compile(
    "illegal header line|Invalid (HTTP )?header|after header|Too many headers|Got more than"
    "|Receive buffer too long"
)


def malformed_headers() -> AnswerError:
    """Return the error of an answer whose headers cannot be read."""
    return AnswerError("its headers are malformed, or larger than an answer's headers may be", 0)


def about_headers(reason: str) -> AnswerError | None:
    """Return the error of an answer if its headers cannot be read, or None if the reason is another one."""
    return None if _OF_HEADERS.search(reason) is None else malformed_headers()


class About(NamedTuple):
    """The event or the session that an answer must be about.

    Attributes:
        id: Its id, as `uuid_str` writes it.
        places: Where an answer names an id: paths of properties.
    """

    id: str
    places: tuple[tuple[str, ...], ...]


class Deadline:
    """The time that one attempt has.

    Args:
        limit: Seconds from now.
        clock: Seconds that only go up.

    Attributes:
        limit: The seconds.
    """

    __slots__ = ("_clock", "_end", "limit")

    def __init__(self, limit: float, clock: Callable[[], float] = monotonic) -> None:
        self.limit = limit
        self._end = clock() + limit
        self._clock = clock

    def left(self) -> float:
        """Return the seconds that are left, at most 0 when it is over."""
        return self._end - self._clock()

    def check_time(self) -> None:
        """Raise httpx.ReadTimeout if the time is over."""
        if self.left() < 0:
            raise httpx.ReadTimeout("the answer did not end in time")


class AnswerBounds(Deadline):
    """What the answer to one attempt may be.

    Args:
        limit: Seconds from now, to the last byte of the answer.
        most: Bytes of the body of a success, decoded.
        most_of_error: Bytes of the body of any other answer, decoded.
        about: What a success must be about; None for anything.
        clock: Seconds that only go up.

    Attributes:
        limit: The seconds.
    """

    __slots__ = ("_about", "_checked", "_most", "_most_of_error")

    def __init__(
        self,
        limit: float,
        *,
        most: int = MAX_ANSWER_BYTES,
        most_of_error: int = MAX_ERROR_BYTES,
        about: About | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.limit = limit
        self._end = clock() + limit
        self._clock = clock
        self._most = most
        self._most_of_error = most_of_error
        self._about = about
        self._checked: bytes | None = None

    def most(self, status: int) -> int:
        """Return how many bytes the decoded body of an answer may have."""
        return self._most if 200 <= status < 300 else min(self._most, self._most_of_error)

    def too_large(self, status: int) -> AnswerError:
        """Return the error of an answer with a larger body."""
        most = self.most(status)
        setting = " (max_answer_bytes=)" if most == self._most else ""
        return AnswerError(f"its body has more than {most:,} bytes{setting}", status)

    def check(self, status: int, content: bytes) -> None:
        """Check the size of an answer and of its values, and what it is about.

        Call it before the connection is used again.

        Args:
            status: The HTTP status.
            content: The decoded body.

        Raises:
            AnswerError: The body or its values are too large, or a success is about another event or session.
        """
        if content is self._checked:
            return
        if len(content) > self.most(status):
            raise self.too_large(status)
        if values_exceed(content, max(FEWEST_VALUES, VALUES_TO_BODY * self._most)):
            raise AnswerError("its body holds more values than fit into memory (max_answer_bytes=)", status)
        if self._about is not None and 200 <= status < 300:
            other = _other(self._about, content)
            if other is not None:
                raise AnswerError(
                    f"it is about {other}, and not about {self._about.id}: check base_url (HH_API_URL) and "
                    "what is in front of it",
                    status,
                    content[:MAX_ERROR_BYTES],
                )
        self._checked = content


def _other(about: About, content: bytes) -> str | None:
    """Return what an answer is about, if that is something else. Whoever reads it says if it is not JSON."""
    value = answered_value(content)
    if not isinstance(value, dict):
        return None
    for place in about.places:
        given: Any = cast("Any", value)
        for name in place:
            given = cast("Mapping[str, Any]", given).get(name) if isinstance(given, dict) else None
        if given is None:
            continue
        if given != about.id and not (isinstance(given, str) and one_form(given) == about.id):
            return shown(given)
    return None


def shown(given: object) -> str:
    """Return how a message shows a value of an answer: whole or not at all, since a part can be of a key."""
    if not isinstance(given, (str, int, float)):
        return f"a value of type {type(given).__name__}"
    return repr(given) if len(repr(given)) <= SHOWN else f"a text of {len(repr(given))} characters"
