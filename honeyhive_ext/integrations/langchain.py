"""LangChain without OpenTelemetry: a callback handler whose runs become events.

>>> from honeyhive_ext.integrations.langchain import CallbackHandler  # doctest: +SKIP
>>> chain.invoke("What is a trace?", config={"callbacks": [CallbackHandler()]})  # doctest: +SKIP
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

try:
    from langchain_core.tracers.base import BaseTracer
except ModuleNotFoundError as error:
    raise ImportError(
        "honeyhive_ext.integrations.langchain needs langchain-core: pip install langchain-core"
    ) from error

from honeyhive_ext.client.default import trace
from honeyhive_ext.errors import HoneyHiveError
from honeyhive_ext.integrations.langchain_runs import event_of, session_of
from honeyhive_ext.payload.scope import BETWEEN, CURRENT

if TYPE_CHECKING:
    from langchain_core.tracers.schemas import Run

    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.sync import HoneyHive

__all__ = ["CallbackHandler"]

logger = logging.getLogger("honeyhive_ext")


class CallbackHandler(BaseTracer):
    """Records every run of a chain: models, tools, retrievers and the chains themselves, sync and async.

    Each run is one event. It is queued when the run ends, so nothing waits for the network. Its ids are those
    of LangChain, so the tree is right in every thread and task. The outermost run is a child of the span in
    which it began, of this package or of OpenTelemetry. Outside of all spans, `session_id` or `thread_id` in
    the metadata of the call names the session. Without them, each call has its own session.

    One handler serves any number of calls, at the same time too.

    Args:
        hh: The client. Default: that of `trace`, which is made from the environment at the first run.

    Raises:
        ConfigError: The client was made with `background=False`.
    """

    run_inline = True  # in the event loop: it waits for nothing, and a thread would cost more

    def __init__(self, hh: HoneyHive | AsyncHoneyHive | None = None) -> None:
        super().__init__(_schema_format="original+chat")
        if hh is not None:
            hh.events.later.must_send()
        self._hh = hh
        # Where the outermost runs that are open belong: session and parent, by the id of the run.
        self._roots: dict[str, tuple[str, str | None]] = {}

    def _persist_run(self, run: Run) -> None:
        """Keep nothing: each run was queued when it ended."""

    def _on_run_create(self, run: Run) -> None:
        if run.parent_run_id is not None and str(run.trace_id) in self._roots:
            return
        scope = CURRENT.get()
        for nearer in BETWEEN:
            scope = nearer(scope)
        if scope is not None:
            self._roots[str(run.trace_id)] = scope.session_id, scope.event_id
        else:
            self._roots[str(run.trace_id)] = session_of(run), None

    def _on_run_update(self, run: Run) -> None:
        """Hand the event of a run that has ended over. Never raises."""
        root = str(run.trace_id)
        session_id, parent_id = self._roots.get(root) or (session_of(run), None)
        if str(run.id) == root:
            self._roots.pop(root, None)
        try:
            hh = trace.client if self._hh is None else self._hh
            if hh is not None:
                hh.events.enqueue(event_of(run, session_id, parent_id))
        except HoneyHiveError as error:
            logger.warning("the run %r is not sent: %s", run.name, error)


CallbackHandler.__module__ = "honeyhive_ext.integrations.langchain"
