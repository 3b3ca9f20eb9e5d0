"""Which session and which step the code that runs right now belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from attrs import define


@define(eq=False)
class Scope:
    """An open `session` or `span` block, as what happens inside it sees it.

    Attributes:
        session_id: The trace that events inside belong to.
        event_id: The event that events inside are steps of.
        outer: The scope around it.
        closed: Whether the block has ended.
        block: The open block itself; None once it has ended, since contexts may outlive it.
    """

    session_id: str
    event_id: str
    outer: Scope | None = None
    closed: bool = False
    block: Any = None


CURRENT: ContextVar[Scope | None] = ContextVar("honeyhive_ext_scope", default=None)


def enter(scope: Scope) -> None:
    """Make this the scope of what follows in this context."""
    CURRENT.set(scope)


def leave(scope: Scope) -> None:
    """Close a scope and go back to the innermost one that is still open.

    Not `ContextVar.reset`: its token is refused when a block is left in another context than it was entered
    in (an async generator that is closed by the event loop, a fixture), and restores a scope that may have
    ended meanwhile when blocks do not end in the order they began in (two generators side by side).
    """
    scope.closed = True
    scope.block = None
    current = CURRENT.get()
    while current is not None and current.closed:
        current = current.outer
    CURRENT.set(current)
