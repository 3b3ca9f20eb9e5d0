"""What a route needs to answer: the store, the switches of this moment, the clock, notes for the log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from honeyhive_ext.local import codec
from honeyhive_ext.local.json_types import is_object
from honeyhive_ext.local.message import Failure, Refusal, Request, bad_request
from honeyhive_ext.local.routes.validate import failures
from honeyhive_ext.local.store import Store
from honeyhive_ext.local.switches import Switches

Clock = Callable[[], int]


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


@frozen
class Effects:
    """What a fault changes about how a request is carried out.

    Args:
        keep: Store only so many events of a batch and answer 500 with what was stored; None for all.
        visibility_delay: Milliseconds before new events show in search; None for the switch's.
    """

    keep: int | None = None
    visibility_delay: int | None = None


@define
class Context:
    """One request on its way through a route."""

    request: Request
    store: Store
    switches: Switches
    clock: Clock
    effects: Effects = field(factory=Effects)
    parameters: dict[str, str] = field(factory=dict[str, str])
    violations: list[Failure] = field(factory=list[Failure])
    random: Callable[[], int] = lambda: 1

    @property
    def lenient(self) -> bool:
        """Whether what violates a schema is stored and logged instead of refused."""
        return self.switches.validation == "lenient"

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, as it came. Refuses anything else with 400."""
        value = codec.loads(self.request.body)
        if not is_object(value):
            raise bad_request([Failure("", "the body must be a JSON object")])
        return value

    def guarded(self, value: dict[str, Any]) -> dict[str, Any]:
        """The body as it is stored and compared: with the characters coded that SQLite cannot hold."""
        if not self.coded:
            return value
        guarded: dict[str, Any] = codec.guard(value)
        return guarded

    @property
    def coded(self) -> bool:
        """Whether the body holds characters that have to be guarded."""
        return codec.suspect(self.request.body)

    def check(self, schema: str, value: object) -> list[Failure]:
        """Refuse a violation of a schema, or with `lenient` note it for the log and return it."""
        found = failures(schema, value)
        if found and not self.lenient:
            raise bad_request(found)
        self.violations.extend(found)
        return found

    @property
    def visible_at(self) -> int:
        """From when on events of this request show in search; 0 for at once."""
        delay = self.effects.visibility_delay
        delay = self.switches.visibility_delay if delay is None else delay
        return self.clock() + delay if delay else 0


def not_found(message: str) -> Refusal:
    """404."""
    return Refusal(404, message, "NOT_FOUND")
