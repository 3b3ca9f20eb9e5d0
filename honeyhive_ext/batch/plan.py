"""How events become requests, by count and by bytes. Pure, but for the limit observed in limits.py."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Container, Iterator, Sequence
from itertools import accumulate

import orjson
from attrs import define

from honeyhive_ext.batch.limits import RequestLimits
from honeyhive_ext.payload.events import WireEvent

_HEAD, _COMMA, _TAIL = b'{"events":[', b",", b"]}"
_FRAME = len(_HEAD) + len(_TAIL)


@define(eq=False)
class Chunk:
    """The events of one planned request, and its body, which is made once.

    There is one body, and no bytes object for each event: that takes less memory and time.

    Attributes:
        positions: The position of each event in the input, ascending.
        ids: The events' ids.
        content: The body: `{"events":[...]}`.
    """

    positions: Sequence[int]
    ids: Sequence[str]
    content: bytes
    _ends: Sequence[int] | None = None

    @property
    def ends(self) -> Sequence[int]:
        """Where in `content` the JSON of each event ends. The next event begins after a comma.

        For a body that was written in one go, this is found only when a part of it must be sent. Its events,
        read and written again one by one, are the same bytes: orjson wrote them and rounded no number.
        """
        if self._ends is None:
            sizes = (len(orjson.dumps(event)) for event in orjson.loads(self.content)["events"])
            before_first = len(_HEAD) - len(_COMMA)
            self._ends = list(
                accumulate(sizes, lambda end, size: end + len(_COMMA) + size, initial=before_first)
            )[1:]
        return self._ends

    def start(self, row: int) -> int:
        """Return where in `content` the JSON of an event begins."""
        return self.ends[row - 1] + 1 if row else len(_HEAD)


class Part:
    """Some events of a chunk, in their order, for one request.

    >>> planner = Planner(RequestLimits(max_events=3))
    >>> [planner.add(n, f"id {n}", b'{"n":%d}' % n) for n in range(2)]
    [None, None]
    >>> part = Part.of(planner.add(2, "id 2", b'{"n":2}'))
    >>> part.body()
    b'{"events":[{"n":0},{"n":1},{"n":2}]}'
    >>> first, second = part.cut(1)
    >>> first.ids, second.body(), part.without({"id 1"}).body()
    (['id 0'], b'{"events":[{"n":1},{"n":2}]}', b'{"events":[{"n":0},{"n":2}]}')
    """

    __slots__ = ("chunk", "rows")

    def __init__(self, chunk: Chunk, rows: Sequence[int]) -> None:
        self.chunk = chunk
        self.rows = rows

    @classmethod
    def of(cls, chunk: Chunk) -> Part:
        """Return all events of a chunk."""
        return cls(chunk, range(len(chunk.ids)))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def _whole(self) -> bool:
        return len(self.rows) == len(self.chunk.ids)

    @property
    def ids(self) -> Sequence[str]:
        """The events' ids."""
        ids = self.chunk.ids
        return ids if self._whole else [ids[row] for row in self.rows]

    @property
    def positions(self) -> Sequence[int]:
        """The positions of the events in the input, ascending."""
        positions = self.chunk.positions
        return positions if self._whole else [positions[row] for row in self.rows]

    def events(self) -> Iterator[tuple[int, str, bytes]]:
        """Yield the position, id and JSON of each event."""
        chunk = self.chunk
        for row in self.rows:
            yield chunk.positions[row], chunk.ids[row], chunk.content[chunk.start(row) : chunk.ends[row]]

    def body(self) -> bytes:
        """Return the request's body. The bytes of an event are the same in every request."""
        chunk, rows = self.chunk, self.rows
        if self._whole:
            return chunk.content
        if isinstance(rows, range):
            middle = chunk.content[chunk.start(rows[0]) : chunk.ends[rows[-1]]]
        else:
            middle = _COMMA.join([content for _, _, content in self.events()])
        return b"%b%b%b" % (_HEAD, middle, _TAIL)

    @property
    def size(self) -> int:
        """Bytes of `body()`."""
        return _FRAME + sum(self._sizes()) + max(0, len(self) - 1)

    def _sizes(self) -> Iterator[int]:
        chunk = self.chunk
        return (chunk.ends[row] - chunk.start(row) for row in self.rows)

    def cut(self, at: int) -> tuple[Part, Part]:
        """Return the first `at` events, and the others."""
        return Part(self.chunk, self.rows[:at]), Part(self.chunk, self.rows[at:])

    def only(self, ids: Container[str]) -> Part:
        """Return the events with these ids."""
        return Part(self.chunk, [row for row in self.rows if self.chunk.ids[row] in ids])

    def without(self, ids: Container[str]) -> Part:
        """Return the events with other ids."""
        return Part(self.chunk, [row for row in self.rows if self.chunk.ids[row] not in ids])

    def fitting(self, most: int) -> int:
        """Return how many of the first events fit into a body of `most` bytes; at least one."""
        total = _FRAME - len(_COMMA)
        for number, size in enumerate(self._sizes()):
            total += size + len(_COMMA)
            if total > most:
                return max(1, number)
        return len(self)

    def half_of_bytes(self) -> int:
        """Return where to cut two or more events so that both sides have about half of the bytes."""
        sums = list(accumulate(self._sizes(), initial=0))
        half = sums[-1] / 2
        cut = bisect_left(sums, half)
        # the event that crosses the middle goes to the side that is smaller without it
        return cut if half - sums[cut - 1] >= sums[cut] - half else cut - 1


class Planner:
    """Collects events into chunks within the limits, in the order of the input.

    An event that is larger than the limit by itself gets its own chunk: only the service can say that it is
    too large.

    Attributes:
        ids: The ids of the events that are in no chunk yet.
    """

    def __init__(self, limits: RequestLimits) -> None:
        self._limits = limits
        self._observed = limits.observed
        self._max_events, self._max_bytes = limits.max_events, limits.max_bytes
        # One buffer for all chunks: it costs less to copy each event here than to keep its own bytes until
        # the chunk is full, which means page faults.
        self._buffer = bytearray(_HEAD)
        self._begin()

    def _begin(self) -> None:
        self._end = len(_HEAD)
        self._positions: list[int] = []
        self._ends: list[int] = []
        self.ids: list[str] = []  # an event counts once its id is here: Ctrl-C can come between any two lines

    def add(self, position: int, event_id: str, content: bytes) -> Chunk | None:
        """Take one event. Return a chunk when one is complete."""
        full: Chunk | None = None
        begin = self._end
        if begin > len(_HEAD):
            most = self._max_bytes if self._observed.value is None else self._limits.size
            if begin + len(_COMMA) + len(content) + len(_TAIL) > most:
                full = self.flush()
                begin = self._end
            else:
                self._buffer[begin : begin + len(_COMMA)] = _COMMA
                begin += len(_COMMA)
        self._end = end = begin + len(content)
        self._buffer[begin:end] = content
        self._positions.append(position)
        self._ends.append(end)
        self.ids.append(event_id)
        if len(self.ids) >= self._max_events and full is None:
            return self.flush()
        return full

    def add_body(self, first: int, ids: list[str], content: bytes) -> Chunk | None:
        """Return the body of successive events, from position `first` on, as a chunk; None if too large."""
        if len(content) > self._limits.size:
            return None
        return Chunk(range(first, first + len(ids)), ids, content)

    def flush(self) -> Chunk | None:
        """Return the events that are left as a chunk, or None if there are none."""
        number = len(self.ids)
        if not number:
            return None
        del self._positions[number:], self._ends[number:]
        last = self._ends[-1]
        self._buffer[last : (end := last + len(_TAIL))] = _TAIL
        with memoryview(self._buffer) as view:
            chunk = Chunk(self._positions, self.ids, bytes(view[:end]), self._ends)
        self._begin()
        return chunk


def plan_prepared(events: Sequence[WireEvent], limits: RequestLimits) -> Iterator[Chunk]:
    """Plan events that are prepared already, each with its own id.

    Args:
        events: The events, in their order.
        limits: What one request may hold. Each chunk is planned with the size that is observed by then.
    """
    planner = Planner(limits)
    for first in range(0, len(events), limits.max_events):
        some = events[first : first + limits.max_events]
        if not planner.ids:  # join them in one go, if they fit into one request
            body = b"%b%b%b" % (_HEAD, _COMMA.join([event.content for event in some]), _TAIL)
            if (whole := planner.add_body(first, [event.event_id for event in some], body)) is not None:
                yield whole
                continue
        for position, event in enumerate(some, first):
            if (chunk := planner.add(position, event.event_id, event.content)) is not None:
                yield chunk
    if (last := planner.flush()) is not None:
        yield last
