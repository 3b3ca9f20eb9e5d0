"""What a route needs to answer: the request, the state, the switches, and notes for the log."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from typing import Any

from attrs import define, field

from honeyhive_ext.local import codec
from honeyhive_ext.local.faults.damage import Effects
from honeyhive_ext.local.json_types import is_object
from honeyhive_ext.local.message import Failure, Request, RequestRefused, bad_request
from honeyhive_ext.local.routes.validate import failures
from honeyhive_ext.local.state import Clock, ServerState
from honeyhive_ext.local.store import Store
from honeyhive_ext.local.switches import Switches


@define
class Context:
    """One request on its way through a route.

    Args:
        request: The request.
        state: The state of the server.
        switches: The switches of this request.
        effects: What a fault changes about the work.
        parameters: The parameters in the path, by name.
        violations: What was stored although it violates a schema, for the log.
    """

    request: Request
    state: ServerState
    switches: Switches
    effects: Effects = field(factory=Effects)
    parameters: dict[str, str] = field(factory=dict[str, str])
    violations: list[Failure] = field(factory=list[Failure])

    @property
    def store(self) -> Store:
        """The store."""
        return self.state.store

    @property
    def clock(self) -> Clock:
        """The clock."""
        return self.state.clock

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Lend a connection for reading, as `Store.reading` does, for no longer than the switch allows."""
        return self.store.reading(self.switches.max_read_ms / 1000)

    def random(self) -> int:
        """Draw a whole number from the server's seed."""
        return self.state.faults.random.randrange(1, 2**31)

    @property
    def lenient(self) -> bool:
        """Whether what violates a schema is stored and logged instead of refused."""
        return self.switches.validation == "lenient"

    def json(self) -> dict[str, Any]:
        """Return the body as a JSON object, as it was sent.

        Raises:
            RequestRefused: 400, the body is something else.
        """
        try:
            value = codec.loads(self.request.body)
        except codec.NotJSONError as problem:
            raise RequestRefused(400, f"the body is {problem}", "BAD_REQUEST") from problem
        if not is_object(value):
            raise bad_request([Failure("", "the body must be a JSON object")])
        return value

    def guarded(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return the body as it is stored: with a code for the characters that SQLite cannot hold."""
        if not self.coded:
            return value
        guarded: dict[str, Any] = codec.guard(value)
        return guarded

    @property
    def coded(self) -> bool:
        """Whether the body holds characters that have to be guarded."""
        return codec.suspect(self.request.body)

    def check(self, schema: str, value: object) -> list[Failure]:
        """Check a value by a schema and return the violations, which the log notes.

        Raises:
            RequestRefused: 400, there are violations and the switch `validation` is strict.
        """
        return self.note(failures(schema, value))

    def note(self, found: list[Failure]) -> list[Failure]:
        """Note violations in the log and return them.

        Raises:
            RequestRefused: 400, there are violations and the switch `validation` is strict.
        """
        if found and not self.lenient:
            raise bad_request(found)
        self.violations.extend(found)
        return found

    @property
    def visible_at(self) -> int:
        """Unix milliseconds from which search shows the events of this request; 0 for at once."""
        delay = self.effects.visibility_delay
        delay = self.switches.visibility_delay if delay is None else delay
        return self.clock() + delay if delay else 0


def not_found(message: str) -> RequestRefused:
    """Return the refusal with status 404."""
    return RequestRefused(404, message, "NOT_FOUND")
