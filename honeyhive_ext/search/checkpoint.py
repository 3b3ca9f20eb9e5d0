"""The position of a search, from which a later search continues."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self, cast

import orjson
from attrs import fields, frozen

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import QueryError
from honeyhive_ext.search.query import Query
from honeyhive_ext.search.walk.steps import Position

VERSION = 1


@never_raising
@frozen
class Checkpoint:
    """The position of a search after the events it has yielded.

    It holds ids and times, but no event and no API key.

    Attributes:
        query: A hash of the filters and evaluation_id. A search that resumes must have the same.
        range: start and end as they were given. The range itself stays that of the first search.
        position: Where to continue; None at the end.
        handed_out: How many events were yielded. They count towards `limit`.
    """

    __module__ = "honeyhive_ext"

    query: str
    range: str
    position: Position | None
    handed_out: int

    def to_json(self) -> str:
        """Return the checkpoint as JSON text, for a file. `resume=` takes this text."""
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
        # orjson, because an export writes a checkpoint with every page.
        text = _dense(given)
        return text if text is not None and text.isascii() else json.dumps(given)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the checkpoint whose `to_json` made this text.

        Raises:
            QueryError: The text is not a checkpoint, is damaged, or is of another version.
        """
        try:
            read = json.loads(text)
        except ValueError as error:
            raise QueryError(f"this is not a checkpoint, which is JSON: {error}") from error
        fields: Mapping[str, Any] = cast("Mapping[str, Any]", read) if isinstance(read, dict) else {}
        if fields.get("version") != VERSION:
            raise QueryError("this is not a checkpoint that this version can resume: search without resume=")
        try:
            given = fields["position"]
            position = None
            if given is not None:
                more: dict[str, Any] = {"seen": dict(given["seen"]), "failed": tuple(given["failed"])}
                position = Position(**{**given, **more})
            return cls(str(fields["query"]), str(fields["range"]), position, int(fields["handed_out"]))
        except (KeyError, TypeError, ValueError) as error:
            raise QueryError(f"this checkpoint is damaged ({error!r}): search without resume=") from error

    def check(self, query: Query) -> None:
        """Raise QueryError unless the checkpoint belongs to this search."""
        if self.query != query.fingerprint():
            raise QueryError(
                "resume= is the checkpoint of a search with other filters or another evaluation_id: "
                "give the same as there"
            )
        if query.range_text != ".." and query.range_text != self.range:
            raise QueryError(
                f"resume= is the checkpoint of a search over {self.range!r}, not {query.range_text!r}: "
                "leave start and end out, or give the same"
            )


def _dense(value: Any) -> str | None:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # a lone surrogate in an id, or a number beyond 64 bits
        return None


def as_checkpoint(given: Checkpoint | str | None, query: Query) -> Checkpoint | None:
    """Return the checkpoint given as `resume=`, checked against the search.

    Raises:
        QueryError: The argument is not a checkpoint, or belongs to another search.
    """
    if given is None:
        return None
    checkpoint = Checkpoint.from_json(given) if isinstance(given, str) else given
    if not isinstance(cast("object", checkpoint), Checkpoint):
        raise QueryError(f"resume is {given!r}: give the result of checkpoint(), or its to_json() text")
    checkpoint.check(query)
    return checkpoint
