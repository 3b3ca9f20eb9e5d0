"""Where a search stands, so that a later one goes on from there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self, cast

import orjson
from attrs import fields, frozen

from honeyhive_ext.errors import QueryError
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.steps import Position

VERSION = 1


@frozen
class Checkpoint:
    """Where a search stands after the events it has handed out. Holds ids and times, no event and no key.

    Attributes:
        query: A hash of the filters and evaluation_id; a search that resumes must ask the same.
        range: start and end as they were given. The range itself stays the one of the first search.
        position: Where to go on; None at the end.
        handed_out: How many events were handed out; counts towards `limit`.
    """

    __module__ = "honeyhive_ext"

    query: str
    range: str
    position: Position | None
    handed_out: int

    def to_json(self) -> str:
        """The checkpoint as text, to be kept in a file; `resume=` takes it back."""
        at, position = self.position, None
        if at is not None:
            position = {one.name: getattr(at, one.name) for one in fields(Position)}
            position["seen"] = [*at.seen.items()]
        given = {
            "version": VERSION,
            "query": self.query,
            "range": self.range,
            "position": position,
            "handed_out": self.handed_out,
        }
        # Dense, because an export writes a checkpoint with every page: 0.8 -> 0.1 µs an event.
        text = _dense(given)
        return text if text is not None and text.isascii() else json.dumps(given)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The checkpoint that `to_json` made.

        Raises:
            QueryError: The text is not a checkpoint of this version.
        """
        try:
            read = json.loads(text)
        except ValueError as error:
            raise QueryError(f"this is not a checkpoint: {error}") from error
        fields: Mapping[str, Any] = cast("Mapping[str, Any]", read) if isinstance(read, dict) else {}
        if fields.get("version") != VERSION:
            raise QueryError("this is not a checkpoint of a search that this version can resume")
        try:
            given = fields["position"]
            position = None
            if given is not None:
                more: dict[str, Any] = {"seen": dict(given["seen"]), "failed": tuple(given["failed"])}
                position = Position(**{**given, **more})
            return cls(str(fields["query"]), str(fields["range"]), position, int(fields["handed_out"]))
        except (KeyError, TypeError, ValueError) as error:
            raise QueryError(f"this checkpoint is damaged: {error!r}") from error

    def check(self, query: Query) -> None:
        """Raise QueryError unless a search asks for what this checkpoint is of."""
        if self.query != query.fingerprint():
            raise QueryError(
                "resume= is the checkpoint of a search with other filters or another evaluation_id"
            )
        if query.range_text != ".." and query.range_text != self.range:
            raise QueryError(
                f"resume= is the checkpoint of a search over {self.range!r}, not {query.range_text!r}: "
                "leave start and end out, or give the same"
            )


def _dense(value: Any) -> str | None:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # half a character in an id, or a number beyond 64 bits
        return None


def as_checkpoint(given: Checkpoint | str | None, query: Query) -> Checkpoint | None:
    """What `resume=` was given, checked against the search.

    Raises:
        QueryError: It is no checkpoint, or one of another search.
    """
    if given is None:
        return None
    checkpoint = Checkpoint.from_json(given) if isinstance(given, str) else given
    if not isinstance(cast("object", checkpoint), Checkpoint):
        raise QueryError(f"resume= takes what checkpoint() gave, or its to_json() text, not {given!r}")
    checkpoint.check(query)
    return checkpoint
