"""Transports for `transport=`, each in an extra; docs/performance.md says when to use them.

A transport that is an `AsyncExchanger` sends one whole request at a time, without the layers of an HTTP
client that this package does not need. The default needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy
from honeyhive_ext.http.bounds import AnswerBounds
from honeyhive_ext.http.exchanger import AsyncExchanger

if TYPE_CHECKING:
    from honeyhive_ext.transports.aiohttp import AiohttpTransport

__all__ = ["AiohttpTransport", "AnswerBounds", "AsyncExchanger"]

__getattr__ = lazy(__name__, {"AiohttpTransport": "transports.aiohttp"})
