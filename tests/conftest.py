"""Fixtures that every group of tests may use. One local server a run, a fresh store for each test.

The imports stand inside the fixtures, so that tests of pure parts load nothing else.
"""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from honeyhive_ext import HoneyHive
    from honeyhive_ext.local import LocalServer

KEY = "hh_test_key"


# What a developer's shell or a CI service sets and what would change what the tests see.
_NOT_OURS = ("CI", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def pytest_configure(config: pytest.Config) -> None:
    """The tests are the same in every shell, and a busy machine is no failure: examples have no deadline."""
    for name in [name for name in os.environ if _not_ours(name.upper())]:
        del os.environ[name]
    # A suite that runs in the background of a shell inherits a SIGINT that is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from hypothesis import settings

    same = os.environ.get("HONEYHIVE_TEST_SAME_EXAMPLES") == "1"
    settings.register_profile("no deadline", deadline=None, derandomize=same)
    settings.load_profile("no deadline")
    if "MUTANT_UNDER_TEST" in os.environ:  # set by mutmut, see `nox -s mutation`
        from tests.support import mutating

        config.pluginmanager.register(mutating)
        settings.load_profile("mutation")


def pytest_collection_finish() -> None:
    """Keep the tests themselves out of each garbage collection, which takes a second otherwise."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def collected() -> Iterator[None]:
    """Free what a test leaves open while its warnings are ignored: they would fail a later test."""
    yield
    gc.collect()


def _not_ours(name: str) -> bool:
    return name in _NOT_OURS or name.startswith("HH_")


@pytest.fixture(scope="session")
def running_server(pytestconfig: pytest.Config) -> Iterator[LocalServer]:
    from honeyhive_ext.local import LocalServer
    from honeyhive_ext.pytest_plugin import warn_of_late

    with LocalServer() as server:
        yield server
        warn_of_late(server, pytestconfig)


@pytest.fixture
def server(running_server: LocalServer, request: pytest.FixtureRequest) -> LocalServer:
    """A local server with an empty store and default switches, on a port that only this test gets."""
    from honeyhive_ext.pytest_plugin import lend

    return lend(running_server, request)


@pytest.fixture
def hh(server: LocalServer) -> Iterator[HoneyHive]:
    """A client of `server`."""
    from honeyhive_ext import HoneyHive

    with HoneyHive(api_key=KEY, base_url=server.url) as client:
        yield client
