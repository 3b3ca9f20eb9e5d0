"""Faster transports for `transport=`, each an extra; see docs/performance.md for when to use them.

A transport of this package can be asked for one whole exchange at a time (`Exchanger`), which spares the
layers of an HTTP client that this package does not need. httpx stays the default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy
from honeyhive_ext.http.exchanger import AsyncExchanger

if TYPE_CHECKING:
    from honeyhive_ext.transports.aiohttp import AiohttpTransport

__all__ = ["AiohttpTransport", "AsyncExchanger"]

__getattr__ = lazy(__name__, {"AiohttpTransport": "transports.aiohttp"})
