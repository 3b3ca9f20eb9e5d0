"""The outputs of a generator that the application's own `reduce` makes of its items."""

from __future__ import annotations

import opcode
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from honeyhive_ext.config.settings import OnUnserializable
from honeyhive_ext.config.signals import from_a_signal_handler, tracebacks
from honeyhive_ext.serialize.bounded import bounded
from honeyhive_ext.serialize.encoders import type_name
from honeyhive_ext.tracing.capture import ITEMS_REDUCED
from honeyhive_ext.tracing.model_outputs import Fields, fields_of
from honeyhive_ext.tracing.outcome import say


class _Run(Protocol):
    mode: OnUnserializable

    @property
    def event_id(self) -> str: ...
    @property
    def event_type(self) -> str: ...


def reduced_fields(
    run: _Run,
    reduce: Callable[[list[Any]], Any],
    items: list[Any] | None,
    inside: Callable[[], AbstractContextManager[None]],
) -> Fields:
    """Return what `reduce` makes of the items; {} after a log line if it raises or there are too many.

    Args:
        run: The span of the generator.
        reduce: The application's function.
        items: What the generator yielded; None if there are too many to keep.
        inside: Enters the scope of the span.
    """
    if items is None:
        say("the outputs of the event %s are not reduced: more than %d items", run.event_id, ITEMS_REDUCED)
        return {}
    try:
        with inside():
            value = reduce(items)
        outputs = bounded(value, run.mode, path="outputs", depth=1)
    except BaseException as failure:
        if not _is_of_the_function(failure):
            raise
        say("the outputs of the event %s are its items: reduce raises %s", run.event_id, type_name(failure))
        return {}
    found = fields_of(outputs) if run.event_type == "model" else {}
    if "outputs" in found or type(outputs) is not dict:
        outputs = {**found.get("outputs", {}), "result": outputs}
    return {**found, "outputs": outputs}


def _is_of_the_function(failure: BaseException) -> bool:
    """Tell whether a function raised an exception itself.

    A Ctrl-C, a signal handler and another thread raise where the function is, which raises nothing there.
    """
    if from_a_signal_handler(failure):
        return False
    if isinstance(failure, Exception):
        return True
    *_, last = tracebacks(failure)
    return opcode.opname[last.tb_frame.f_code.co_code[last.tb_lasti]] == "RAISE_VARARGS"
