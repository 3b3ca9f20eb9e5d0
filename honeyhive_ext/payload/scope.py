"""Which session and which step the code that runs right now belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from attrs import define


@define(eq=False)
class Scope:
    """A `session` or `span` block, as what happens inside it sees it.

    Attributes:
        session_id: The trace that events inside belong to.
        event_id: The event that events inside are steps of.
        outer: The scope around it.
        block: The open block itself; None once it has ended, since contexts may outlive it.
    """

    session_id: str
    event_id: str
    outer: Scope | None = None
    block: Any = None


CURRENT: ContextVar[Scope | None] = ContextVar("honeyhive_ext_scope", default=None)


def enter(scope: Scope) -> None:
    """Make this the scope of what follows in this context."""
    CURRENT.set(scope)


def leave(scope: Scope) -> None:
    """Take a scope out of this context.

    Not `ContextVar.reset`: its token is refused when a block is left in another context than it was entered
    in (an async generator that is closed by the event loop, a fixture), and restores a scope that may have
    ended meanwhile when blocks do not end in the order they began in (two generators side by side).

    What surrounds the scope comes back even if it has ended elsewhere: a task that outlives the block it was
    started in still belongs to it.
    """
    scope.block = None
    current = CURRENT.get()
    if current is scope:
        CURRENT.set(scope.outer)
        return
    while current is not None:
        if current.outer is scope:
            current.outer = scope.outer
        current = current.outer
