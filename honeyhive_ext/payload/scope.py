"""The session and the step that the running code belongs to."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from attrs import define


@define(eq=False)
class Scope:
    """What code inside a session or span needs to know about it.

    Attributes:
        session_id: The trace that events inside belong to.
        event_id: The parent of events inside.
        outer: The scope around it, which may be one of another destination.
        span: The open span; None once it has ended, since contexts may outlive it.
        destination: Where the span's event goes; see `EventSettings`. Events that go elsewhere have no part
            in it.
        traceparent: The span of another tracer that this is, as W3C Trace Context writes it.
    """

    session_id: str
    event_id: str
    outer: Scope | None = None
    span: Any = None
    destination: str = ""
    traceparent: str = ""


ANYWHERE = "*"
"""The destination of a scope that came from another process: events of every client belong to it."""


CURRENT: ContextVar[Scope | None] = ContextVar("honeyhive_ext_scope", default=None)


BETWEEN: list[Callable[[Scope | None], Scope | None]] = []
"""What other tracers know: each is given the innermost scope, and returns that or a nearer one of its own."""


def innermost(destination: str) -> Scope | None:
    """Return the innermost scope of this context whose event goes to this destination."""
    scope = CURRENT.get()
    while scope is not None and scope.destination != destination and scope.destination != ANYWHERE:
        scope = scope.outer
    for nearer in BETWEEN:
        scope = nearer(scope)
    return scope


def enter(scope: Scope) -> None:
    """Make this scope the current one of this context."""
    CURRENT.set(scope)


def leave(scope: Scope) -> None:
    """Take a scope out of this context.

    `ContextVar.reset` would not do. It refuses its token if a span ends in another context than it began in
    (an async generator that the event loop closes, a fixture). And if an outer span ends before an inner one
    (two generators in turns), it restores a scope that has ended.

    The outer scope becomes the current one even if it has ended elsewhere: a task that outlives the span that
    it was started in still belongs to that span.
    """
    scope.span = None
    current = CURRENT.get()
    if current is scope:
        CURRENT.set(scope.outer)
        return
    while current is not None:
        if current.outer is scope:
            current.outer = scope.outer
        current = current.outer
