"""The work that a decorated function returned, which is still to run."""

from __future__ import annotations

import weakref
from typing import Any, TypeVar

from honeyhive_ext.tracing.wrap import AnySpan, Args, Kwargs, keep_result

_Made = TypeVar("_Made")


class Work:
    """The work that a function returned. It goes on with the span of the call at its first step."""

    def __init__(self, run: AnySpan, result: Any) -> None:
        self.run = run
        self.result = result
        self._began = False
        self._watch: weakref.finalize[Any, Any] | None = None
        run.suspend()

    def watch(self, made: _Made) -> _Made:
        """End the span when `made`, which was returned, is thrown away without a step."""
        if self._watch is not None:
            self._watch.detach()
        if not self._began:
            self._watch = weakref.finalize(made, unused, self.run, self.result)
        return made

    def __call__(self, args: Args = (), kwargs: Kwargs | None = None) -> AnySpan:
        """Take the first step."""
        self._began = True
        if self._watch is not None:
            self._watch.detach()
        self.run.resume()
        return self.run

    def function(self) -> Any:
        """Return the work, as the recorded function."""
        return self.result


def unused(run: AnySpan, *results: Any) -> None:
    """End the span of work that never began, or of a future that is thrown away before it is done."""
    run.unused()
    for result in results:
        keep_result(run, result)
    run.closed(GeneratorExit())
