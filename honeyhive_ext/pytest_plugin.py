"""The pytest plugin: the fixture `honeyhive_local` and the mark `honeyhive`.

pytest loads this module at the start of every run. It imports nothing of the server until a test uses the
fixture, so other tests pay nothing for it. The guide is docs/testing.md.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer
    from honeyhive_ext.local.faults.rules import Rule

MARK = "honeyhive"
SHOWN = 50  # requests listed in the report of a failed test
# Keys of the developer's account, which no test may use.
_OWN_KEYS = ("HH_INGESTION_API_KEY", "HH_DATA_PLANE_API_KEY")
_LOOPBACK = "127.0.0.1"

_SERVER = pytest.StashKey["LocalServer"]()
_PLACES = pytest.StashKey[dict[str, tuple[str, int | None, str]]]()  # file and line of each test, by its id


class LateRequestWarning(pytest.PytestWarning):
    """A test has ended and something that it started still sends to the local server, which refuses it."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line(
        "markers",
        f"{MARK}(count='page', ...): switches of the local server for this test; see LocalServer for all.",
    )


@pytest.fixture(scope="session")
def honeyhive_local_server(pytestconfig: pytest.Config) -> Iterator[LocalServer]:
    """Give the `LocalServer` of this run; under xdist, of this worker.

    It is for fixtures of a wider scope than a test, such as one that starts an application once. It sets no
    environment variables. Its events are deleted only at the start of each test with `honeyhive_local`.
    """
    import honeyhive_schemas

    from honeyhive_ext.local import LocalServer

    # Without a library that validates, this says what to install before any test starts.
    honeyhive_schemas.validator("PostEventRequest").is_valid({})
    with LocalServer() as server:
        yield server
        warn_of_late(server, pytestconfig)


def lend(server: LocalServer, request: pytest.FixtureRequest) -> LocalServer:
    """Return a server for the test of a fixture: empty, and at an address that only this test gets.

    For fixtures like `honeyhive_local`. What older tests still send is refused, and a warning names them.
    """
    warn_of_late(server, request.config)
    test = cast("pytest.Item", request.node)  # pyright: ignore[reportUnknownMemberType]
    request.config.stash.setdefault(_PLACES, {})[test.nodeid] = test.location
    return server.lend(test.nodeid).start()  # a test may have stopped it


def warn_of_late(server: LocalServer, config: pytest.Config) -> None:
    """Record a warning for each test whose address got requests after its end.

    It is a warning of that test, not of the one that runs now, which has nothing to do with it. For the same
    reason it fails no test, even where warnings are errors.
    """
    for late in server.take_late():
        file, line, _ = config.stash[_PLACES][late.holder]
        with warnings.catch_warnings(record=True) as recorded:
            try:
                warnings.warn_explicit(str(late), LateRequestWarning, file, (line or 0) + 1)
            except LateRequestWarning:
                warnings.simplefilter("always")
                warnings.warn_explicit(str(late), LateRequestWarning, file, (line or 0) + 1)
        for message in recorded:
            seen = {"warning_message": message, "when": "runtest", "nodeid": late.holder, "location": None}
            config.hook.pytest_warning_recorded.call_historic(kwargs=seen)


@pytest.fixture
def honeyhive_local(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    honeyhive_local_server: LocalServer,
) -> Iterator[LocalServer]:
    """Give a HoneyHive on this machine that is empty at the start of every test.

    There is one `LocalServer` a run (under xdist, a worker). Each test gets an empty store, an empty request
    log, no faults and the default switches. HH_API_URL and HH_API_KEY name the server while the test runs, so
    an application that reads them needs no change. Ingestion and data plane keys in the environment are
    hidden.

    `honeyhive_ext.trace` records there too. A client that was made before the test, such as one of a module,
    sends nothing while the test runs, unless it was made for this server: the test fails, and says what to
    write instead.

    The mark `@pytest.mark.honeyhive(count="page")` sets switches for a test, a class or a module. The test
    fails if a fault with a number (`times=`, `nth=`) has not happened that often when the test function ends.
    It also fails if the mark has an unknown switch or value.
    """
    test = cast("pytest.Item", request.node)  # pyright: ignore[reportUnknownMemberType]
    server = lend(honeyhive_local_server, request)
    _configure(server, test)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    for name in _OWN_KEYS:
        monkeypatch.delenv(name, raising=False)
    _reach_past_proxies(monkeypatch)
    test.stash[_SERVER] = server
    with _taken_over(server):
        yield server


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test if a fault that it set did not happen, or an older client was to send something.

    The requests are added to the report of a failed test.
    """
    try:
        result = yield
        _fail_for_unused_faults(item)
        if complaint := _older_clients(item):
            pytest.fail(complaint, pytrace=False)
        return result
    finally:
        server = item.stash.get(_SERVER, None)
        if server is not None and server.requests:
            item.add_report_section("call", "honeyhive_local", _listed(server))
        if complaint := _older_clients(item):
            item.add_report_section("call", "honeyhive_local: refused", complaint)


@contextlib.contextmanager
def _taken_over(server: LocalServer) -> Generator[None]:
    """Let `trace` record on a server, and older clients send nothing, while a test runs."""
    from honeyhive_ext.client.default import trace
    from honeyhive_ext.http.only_newer import only_newer

    only_newer.begin(server.serves)
    with trace.replaced():
        try:
            yield
        finally:
            only_newer.end()


def _older_clients(item: pytest.Item) -> str:
    """Return what is wrong if a client that is older than a test was to send something; "" otherwise."""
    only_newer = sys.modules.get("honeyhive_ext.http.only_newer")
    if only_newer is None or item.stash.get(_SERVER, None) is None or not only_newer.only_newer.refused:
        return ""
    return (
        f"A client that was made before this test, for {', '.join(sorted(only_newer.only_newer.refused))}, "
        "was to send something, and was refused. A test with honeyhive_local sends nothing elsewhere. In the "
        "application write `from honeyhive_ext import trace` and @trace, or make its HoneyHive when it is "
        "first used and not when its module is imported."
    )


def _fail_for_unused_faults(item: pytest.Item) -> None:
    server = item.stash.get(_SERVER, None)
    unused = [rule for rule in server.faults.rules if rule.unused] if server is not None else []
    if unused:
        pytest.fail(_complaint(unused), pytrace=False)


def _configure(server: LocalServer, test: pytest.Item) -> None:
    from honeyhive_ext.errors import ConfigError

    switches: dict[str, Any] = {}
    # The closest mark comes first, and its switches win.
    for mark in test.iter_markers(MARK):
        if mark.args:
            pytest.fail(
                f"the mark {MARK} takes switches by name, such as {MARK}(count='page'), not {mark.args!r}",
                pytrace=False,
            )
        switches = {**mark.kwargs, **switches}
    try:
        server.configure(**switches)
    except ConfigError as problem:
        pytest.fail(f"the mark {MARK}: {problem}", pytrace=False)


def _reach_past_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make HTTP clients reach this machine without the proxy of the environment."""
    if any(name.lower() in ("http_proxy", "all_proxy") for name in os.environ):
        given = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
        if _LOOPBACK not in given.split(","):
            for name in ("no_proxy", "NO_PROXY"):
                monkeypatch.setenv(name, ",".join(filter(None, (given, _LOOPBACK))))


def _complaint(unused: list[Rule]) -> str:
    lines = ["This test set a fault that did not happen:"]
    for rule in unused:
        options = ", ".join(f"{name}={value!r}" for name, value in rule.fault.as_dict().items())
        lines.append(f"  {options}: {rule.used} of {rule.fault.uses} times, {rule.matched} requests matched")
    lines.append("The requests are listed below. faults.clear() removes faults.")
    return "\n".join(lines)


def _listed(server: LocalServer) -> str:
    from honeyhive_ext.config.printable import printable

    every = list(server.requests)
    lines = [f"{len(every)} requests" + (f", the last {SHOWN}:" if len(every) > SHOWN else ":")]
    for one in every[-SHOWN:]:
        fault = f" (fault: {one.fault})" if one.fault is not None else ""
        lines.append(f"  {printable(f'{one.method} {one.path}')} -> {one.status or 'no answer'}{fault}")
    return "\n".join(lines)
