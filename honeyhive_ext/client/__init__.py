"""What a user holds: the sync and the async client, and their resources."""

from __future__ import annotations

from honeyhive_ext.config.lazy import lazy

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    from honeyhive_ext.client.aio import AsyncHoneyHive
    from honeyhive_ext.client.sync import HoneyHive

__all__ = ["AsyncHoneyHive", "HoneyHive"]

__getattr__ = lazy(__name__, {"AsyncHoneyHive": "client.aio", "HoneyHive": "client.sync"})
