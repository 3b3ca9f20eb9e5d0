"""Ids in little memory: 16 bytes for each UUID, so that the report of a large batch stays small."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import cast, overload

from attrs import frozen

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.payload.ids import all_canonical

_WIDTH = 16  # bytes of a UUID
_SHOWN = 3  # ids that a repr shows
_WORD = (1 << 64) - 1


def _pack(ids: Sequence[str]) -> bytes | None:
    """Return the ids as 16 bytes each, or None if one is not a UUID in lower case with its four hyphens."""
    return bytes.fromhex("".join(ids).replace("-", "")) if all_canonical(ids) else None


def _unpack(packed: bytes | bytearray, at: int) -> str:
    text = packed[at * _WIDTH : (at + 1) * _WIDTH].hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@never_raising
@frozen(repr=False, eq=False)
class EventIds(Sequence[str]):
    """A read-only sequence of event ids that takes 16 bytes for each UUID.

    It is equal to any list or tuple of the same ids.

    >>> ids = IdStore()
    >>> ids.put(0, ["0b0d9a4e-27c1-4f0b-9a3c-5f1f64f3f6a1", "not a UUID"])
    >>> ids.select([0, 1])
    EventIds(2: 0b0d9a4e-27c1-4f0b-9a3c-5f1f64f3f6a1, not a UUID)
    >>> ids.select([1])[0], ids.select([0, 1]) == ["0b0d9a4e-27c1-4f0b-9a3c-5f1f64f3f6a1", "not a UUID"]
    ('not a UUID', True)
    """

    _packed: bytes | bytearray
    _other: dict[int, str]

    def __len__(self) -> int:
        return len(self._packed) // _WIDTH

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self._at(position) for position in range(*index.indices(len(self)))]
        position = index + len(self) if index < 0 else index
        if not 0 <= position < len(self):
            raise IndexError(f"there are {len(self)} ids")
        return self._at(position)

    def __iter__(self) -> Iterator[str]:
        return (self._at(position) for position in range(len(self)))

    def _at(self, position: int) -> str:
        other = self._other.get(position)
        return _unpack(self._packed, position) if other is None else other

    def __eq__(self, other: object) -> bool:
        if isinstance(other, EventIds):
            return self._packed == other._packed and self._other == other._other
        if isinstance(other, (list, tuple)):
            return list(self) == list(cast("Sequence[object]", other))
        return NotImplemented

    def __hash__(self) -> int:
        return hash((bytes(self._packed), tuple(self._other.items())))

    def __repr__(self) -> str:
        shown = ", ".join(self[:_SHOWN])
        return f"EventIds({len(self)}: {shown}{', ...' if len(self) > _SHOWN else ''})"


class IdStore:
    """The ids of a batch by their position in the input."""

    def __init__(self) -> None:
        self._packed = bytearray()
        self._other: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._packed) // _WIDTH

    def put(self, first: int, ids: Sequence[str]) -> None:
        """Keep the ids of the positions from `first` on. Positions only grow. One left out has no id."""
        self._packed.extend(bytes(first * _WIDTH - len(self._packed)))
        packed = _pack(ids)
        if packed is not None:
            self._packed += packed
            return
        for position, event_id in enumerate(ids, first):
            single = _pack([event_id])
            self._packed += single or bytes(_WIDTH)
            if single is None:
                self._other[position] = event_id

    def select(self, positions: Iterable[int]) -> EventIds:
        """Return the ids at these positions, in this order."""
        packed = bytearray()
        other: dict[int, str] = {}
        for number, position in enumerate(positions):
            packed += self._packed[position * _WIDTH : (position + 1) * _WIDTH]
            if position in self._other:
                other[number] = self._other[position]
        return EventIds(packed, other)

    def hand_over(self) -> EventIds:
        """Return all ids without a copy, if no position was left out. Put nothing more into the store."""
        return EventIds(self._packed, self._other)

    def holds(self, event_id: str) -> bool:
        """Return whether an id is kept. It looks at all ids, so call it rarely."""
        packed = _pack([event_id])
        if packed is None:
            return event_id in self._other.values()
        at = self._packed.find(packed)
        while at >= 0 and at % _WIDTH:
            at = self._packed.find(packed, at + 1)
        return at >= 0


class SeenIds:
    """Which ids came before, as hashes of 8 bytes each in an open table.

    When two hashes are equal, `add` takes a new id for an old one, so confirm it with the ids themselves. An
    old id is never taken for a new one.

    >>> seen = SeenIds()
    >>> seen.add("a"), seen.add("b"), seen.add("a")
    (True, True, False)
    """

    def __init__(self) -> None:
        self._table = array("Q", bytes(8 * 1024))
        self._used = 0

    def add(self, event_id: str) -> bool:
        """Remember an id. Return False if its hash was there before."""
        if 3 * self._used > 2 * len(self._table):
            old = self._table
            self._table = array("Q", bytes(16 * len(old)))
            for word in old:
                if word:
                    self._place(word)
        # A str hash is 64 bits of SipHash with a key of the process: evenly spread, whatever the ids are.
        if not self._place(hash(event_id) & _WORD or 1):
            return False
        self._used += 1
        return True

    def _place(self, word: int) -> bool:
        table = self._table
        mask = len(table) - 1
        at = word & mask
        while there := table[at]:
            if there == word:
                return False
            at = (at + 1) & mask
        table[at] = word
        return True
