"""The session and the parent of events, carried to another process in the headers of a request.

The ids of this package are UUIDs, and those of W3C Trace Context are shorter. So they travel like this:

- `baggage` (W3C Baggage) carries them whole: `honeyhive.session_id`, and `honeyhive.parent_id`, which is the
  id of the innermost event. `session_id` is where the official tracer looks for the session; it is left to
  the application if that has such an entry. Only these entries are read.
- `traceparent` (W3C Trace Context) is for other tracers: the trace id has the digits of the session's id, and
  the span id the last 16 of the parent's. It is read where no baggage names a session: a sampled trace of
  another tracer is the session with its digits, and the parent is the event that its span becomes.

What others have put into these headers stays. What comes from outside is bounded, and ignored where it is not
what `inject` writes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from itertools import islice
from types import TracebackType
from typing import Any, Self, TypeVar, cast, overload
from urllib.parse import unquote

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.payload.ids import uuid_str
from honeyhive_ext.payload.scope import ANYWHERE, BETWEEN, CURRENT, Scope, enter, leave
from honeyhive_ext.payload.span_ids import event_id_of, trace_session
from honeyhive_ext.serialize.encoders import kind_of, type_name
from honeyhive_ext.tracing.outcome import quietly, say

MOST_HEADERS = 1_000  # that are looked at
MOST_BAGGAGE = 8_192  # characters: what everyone must pass on (W3C Baggage, 3.3.2)

_SESSION = ("honeyhive.session_id", "honeyhive_session_id", "session_id")
_PARENT = "honeyhive.parent_id"
BAGGAGE_NAMES = frozenset({*_SESSION, _PARENT})
"""The entries of baggage that are read."""
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(-.*)?",
    re.DOTALL,
)

H = TypeVar("H", bound=MutableMapping[str, Any])


@overload
def inject() -> dict[str, str]: ...
@overload
def inject(headers: H) -> H: ...
def inject(headers: Any = None) -> Any:
    """Write the session and the innermost span into the headers of a request, for `extract` elsewhere.

    `baggage` carries the ids, and `traceparent` is for other tracers. Inside a span of OpenTelemetry they are
    those of the span. Entries of others stay. Outside of all spans, and where no event is recorded at all,
    nothing is written. It never raises because of what the headers hold.

    Args:
        headers: A dict or another mapping that can be changed, such as `httpx.Headers`. Default: a new dict.

    Returns:
        The same headers.

    Raises:
        ConfigError: `headers` is not a mapping that can be changed.

    >>> from honeyhive_ext import HoneyHive, extract, inject
    >>> with HoneyHive() as hh, hh.session("chat") as session:
    ...     headers = inject({"accept": "application/json"})
    >>> sorted(headers), extract(headers).session_id == session.session_id
    (['accept', 'baggage', 'traceparent'], True)
    """
    if headers is None:
        headers = {}
    if not (hasattr(kind_of(headers), "__setitem__") and hasattr(kind_of(headers), "items")):
        raise ConfigError(f"inject() takes a dict of headers, not a {type_name(headers)}: write inject({{}})")
    scope = CURRENT.get()
    for nearer in BETWEEN:
        scope = nearer(scope)
    if scope is None or (scope.span is not None and scope.span.off):
        return headers
    try:
        _write(headers, scope)
    except Exception as error:  # code of the mapping
        if from_a_signal_handler(error):
            raise
        say("the headers of a request carry no session: %s", type_name(error))
    return headers


def extract(headers: Mapping[str, Any] | Iterable[tuple[Any, Any]] | None) -> Extracted:
    """Return the session and the parent that `inject` has written into the headers of a request.

    Use it around the handling of the request, in async code too, or give its ids to a span. Read only headers
    of callers that you trust: anyone who sends an id adds events to that session.

    Args:
        headers: The headers, as a mapping of any kind, the pairs of an ASGI scope, or a WSGI environment.
            Names may be in any case, and values str or bytes.

    Returns:
        What was found, which may be nothing: then the handling runs as without it. It never raises.

    >>> from honeyhive_ext import HoneyHive, extract, inject
    >>> with HoneyHive() as hh, hh.session("chat") as session:
    ...     headers = inject()
    >>> with HoneyHive() as hh:  # in another process
    ...     with extract(headers), hh.span("answer") as span:
    ...         print(span.session_id == session.session_id)
    True
    """
    found: dict[str, str] = {}
    with quietly:
        for baggage in _values(headers, "baggage"):
            for name, value, _ in _members_of(baggage, MOST_BAGGAGE):
                if name in BAGGAGE_NAMES and name not in found:
                    with quietly:
                        found[name] = uuid_str(unquote(value), name)
    session_id = next((found[name] for name in _SESSION if name in found), None)
    if session_id is not None:
        return Extracted(session_id, found.get(_PARENT))
    with quietly:
        for text in _values(headers, "traceparent"):
            match = _TRACEPARENT.fullmatch(text.strip())
            if (
                match
                and match["trace"].strip("0")
                and match["span"].strip("0")
                and int(match["flags"], 16) & 1
            ):
                return Extracted(trace_session(match["trace"]), event_id_of(match["trace"], match["span"]))
    return Extracted()


class Extracted:
    """The session and the parent that came with a request; for a `with` statement, or as arguments.

    Events inside the `with` statement belong to them, in every client, unless they are in another span or
    session inside it. It may be entered many times, also in several threads or tasks.

    Attributes:
        session_id: The session, or None.
        parent_id: The event whose step this is, or None.
    """

    __module__ = "honeyhive_ext"
    session_id: str | None = None
    parent_id: str | None = None

    def __init__(self, session_id: str | None = None, parent_id: str | None = None) -> None:
        self.session_id = session_id
        self.parent_id = parent_id
        self._entered: list[Scope] = []

    @property
    def ids(self) -> dict[str, Any]:
        """What was found, as arguments: `hh.span("answer", **extract(headers).ids)`."""
        known = {"session_id": self.session_id, "parent_id": self.parent_id}
        return {name: value for name, value in known.items() if value is not None}

    def __enter__(self) -> Self:
        if self.session_id is not None:
            parent_id = self.parent_id or self.session_id
            scope = Scope(self.session_id, parent_id, CURRENT.get(), destination=ANYWHERE)
            self._entered.append(scope)
            enter(scope)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        scope = CURRENT.get()
        while scope is not None and scope not in self._entered:
            scope = scope.outer
        if scope is not None:
            self._entered.remove(scope)
            leave(scope)

    def __repr__(self) -> str:
        return f"Extracted(session_id={self.session_id!r}, parent_id={self.parent_id!r})"


extract.__module__ = inject.__module__ = "honeyhive_ext"


def traceparent(session_id: str, parent_id: str, *, sampled: bool) -> str | None:
    """Return the ids as W3C Trace Context writes them, or None if one would be only zeros, which it forbids.

    >>> session_id, parent_id = "5a5a5a5a-0000-4000-8000-00000000000a", "a9b0c1d2-0000-4000-9000-00000000000b"
    >>> traceparent(session_id, parent_id, sampled=True)
    '00-5a5a5a5a00004000800000000000000a-900000000000000b-01'
    """
    trace_id, span_id = _digits(session_id), _digits(parent_id)[16:]
    return f"00-{trace_id}-{span_id}-{sampled:02d}" if trace_id.strip("0") and span_id.strip("0") else None


def _digits(uuid: str) -> str:
    return uuid.replace("-", "")


def _write(headers: Any, scope: Scope) -> None:
    names = {name.lower(): name for name in islice(headers, MOST_HEADERS) if isinstance(name, str)}
    there = {name: _texts(headers[names[name]]) for name in ("baggage", "traceparent") if name in names}
    before = ",".join(there.get("baggage", []))
    members = [*_members_of(before, MOST_BAGGAGE)]
    earlier = {value for key, value, _ in members if key == _SESSION[0]}  # what `inject` wrote before
    others = [
        (key, text)
        for key, value, text in members
        if key not in (_SESSION[0], _PARENT) and not (key == _SESSION[-1] and value in earlier)
    ]
    own = {_SESSION[0]: scope.session_id, _PARENT: scope.event_id}
    if _SESSION[-1] not in dict(others):
        own[_SESSION[-1]] = scope.session_id
    texts = [*(text for _, text in others), *(f"{key}={value}" for key, value in own.items())]
    baggage = ",".join(texts)
    if max(len(before), len(baggage)) > MOST_BAGGAGE:
        say("the headers of a request carry no session: their baggage has no room for it")
        return
    headers[names.get("baggage", "baggage")] = baggage
    parent = _TRACEPARENT.fullmatch(",".join(there.get("traceparent", [])).strip())
    if "traceparent" not in there or (parent is not None and parent["trace"] in map(_digits, earlier)):
        sampled = scope.span is None or scope.span.recorded
        made = scope.traceparent or traceparent(scope.session_id, scope.event_id, sampled=sampled)
        if made is not None:
            headers[names.get("traceparent", "traceparent")] = made


def _values(headers: Any, wanted: str) -> Iterator[str]:
    """Yield the texts of a header of a request, which may have come several times."""
    pairs = headers.items() if hasattr(kind_of(headers), "items") else headers
    for pair in islice(pairs, MOST_HEADERS):
        with quietly:
            name, value = pair
            (text,) = _texts(name)
            if text.lower().removeprefix("http_") == wanted:
                yield from _texts(value)


def _texts(value: Any) -> list[str]:
    """Return the text of a header, or those of one that came several times."""
    if isinstance(value, (list, tuple)):
        return [text for one in cast("list[Any]", value)[:MOST_HEADERS] for text in _texts(one)]
    if isinstance(value, (bytes, bytearray)):
        return [bytes(value[: MOST_BAGGAGE * 2]).decode("latin-1")]
    return [str.__str__(value)] if isinstance(value, str) else []


def _members_of(text: str, most: int) -> Iterator[tuple[str, str, str]]:
    """Yield the members of baggage: the key, the value without its properties, and the whole member."""
    members = text[:most].split(",")
    if len(text) > most:
        members.pop()  # it may be cut
    for member in members:
        key, equals, rest = member.partition("=")
        if equals:
            yield key.strip(), rest.partition(";")[0].strip(), member.strip()
        elif member.strip():
            yield "", "", member.strip()
