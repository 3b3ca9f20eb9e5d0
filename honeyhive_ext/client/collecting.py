"""Whether the garbage collector runs: it closes generators in any thread, which may hold any lock."""

from __future__ import annotations

import gc
import sys
from collections import OrderedDict
from collections.abc import Callable
from typing import cast

# The garbage collector moves the name of its phase to the end. A function in Python would not do: a signal
# that comes while it collects would be handled in that function, and the exception of the handler dropped.
_phases: OrderedDict[str, None] = OrderedDict(start=None, stop=None)
gc.callbacks.append(cast("Callable[..., object]", _phases.move_to_end))


def collecting() -> bool:
    """Return whether this code may run inside the garbage collector, while a thread could still take over."""
    # In one step of C: an iterator breaks if another thread begins to collect meanwhile. At the very end of
    # Python a thread may be started and never run.
    return [*_phases][-1] == "start" and not sys.is_finalizing()
