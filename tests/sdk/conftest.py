"""The official Python SDK (`honeyhive` of PyPI) against the local server: `nox -s official_sdk`.

The ordinary suite runs without the SDK; nothing of this folder is collected there.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

collect_ignore_glob = [] if importlib.util.find_spec("honeyhive") else ["test_*.py"]


class Official:
    """The SDK's client, each method called as it is or as its `_async` twin.

    Attributes:
        client: The SDK's `HoneyHive`, made from the environment.
    """

    def __init__(self, kind: str) -> None:
        from honeyhive import HoneyHive

        self.kind = kind
        self.client = HoneyHive()

    def __call__(self, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self.kind == "sync":
            return method(*args, **options)
        twin = getattr(method.__self__, f"{method.__name__}_async")  # type: ignore[attr-defined]
        return asyncio.run(twin(*args, **options))


@pytest.fixture(params=["sync", "async"])
def official(request: pytest.FixtureRequest, honeyhive_local: LocalServer) -> Official:
    """The SDK, pointed here by the environment that `honeyhive_local` sets."""
    return Official(request.param)
