"""Fixtures that every group of tests may use. One local server a run, a fresh store for each test.

The imports stand inside the fixtures, so that tests of pure parts load nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from honeyhive_ext import HoneyHive
    from honeyhive_ext.local import LocalServer

KEY = "hh_test_key"


def pytest_configure() -> None:
    """A busy machine is no failure: examples of hypothesis have no deadline."""
    from hypothesis import settings

    settings.register_profile("no deadline", deadline=None)
    settings.load_profile("no deadline")


@pytest.fixture(scope="session")
def running_server() -> Iterator[LocalServer]:
    from honeyhive_ext.local import LocalServer

    with LocalServer() as server:
        yield server


@pytest.fixture
def server(running_server: LocalServer) -> LocalServer:
    """A local server with an empty store and default switches, on a real socket."""
    running_server.reset()
    return running_server


@pytest.fixture
def hh(server: LocalServer) -> Iterator[HoneyHive]:
    """A client of `server`."""
    from honeyhive_ext import HoneyHive

    with HoneyHive(api_key=KEY, base_url=server.url) as client:
        yield client
