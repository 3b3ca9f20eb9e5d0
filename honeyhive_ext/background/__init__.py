"""Send events later, from memory or disk, so that the code that records them never waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy

if TYPE_CHECKING:
    from honeyhive_ext.background.background_options import Background, OnDrop, Overflow
    from honeyhive_ext.background.stats import BackgroundStats, FlushReport

__all__ = ["Background", "BackgroundStats", "FlushReport", "OnDrop", "Overflow"]

_HOMES = {
    **dict.fromkeys(("Background", "OnDrop", "Overflow"), "background.background_options"),
    **dict.fromkeys(("BackgroundStats", "FlushReport"), "background.stats"),
}

__getattr__ = lazy(__name__, _HOMES)
