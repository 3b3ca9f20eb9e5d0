"""An executor whose calls belong to the span that submits them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent import futures
from contextvars import copy_context
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class ThreadPoolExecutor(futures.ThreadPoolExecutor):
    """A `concurrent.futures.ThreadPoolExecutor` whose calls run in a copy of the context that submits them.

    Events that are created in a call belong to the span around `submit` or `map`, also if that span has
    ended meanwhile. Nothing else differs, and every other context variable is carried too. The initializer
    runs in the context of its thread.

    >>> from honeyhive_ext import HoneyHive, current_span
    >>> from honeyhive_ext.tracing import ThreadPoolExecutor
    >>> with HoneyHive() as hh, hh.span("answer") as span, ThreadPoolExecutor(2) as pool:
    ...     pool.submit(current_span).result() is span
    True
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> futures.Future[T]:
        """Submit a call, as the executor of Python does."""
        run = cast(Callable[..., T], copy_context().run)
        return super().submit(run, fn, *args, **kwargs)
