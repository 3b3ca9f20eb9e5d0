"""What belongs to the whole process stays as the application left it, whatever the client does."""

from __future__ import annotations

import asyncio
import decimal
import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from honeyhive_ext import AsyncHoneyHive, F, HoneyHive, RetryPolicy
from honeyhive_ext.export import read_parquet
from honeyhive_ext.local import LocalServer
from honeyhive_ext.transports import AiohttpTransport

FROM = 1_700_000_000_000
MANY = [{"event_type": "tool", "start_time": FROM + 37 * n, "duration": 1} for n in range(600)]
QUICK = RetryPolicy(attempts=3, first_wait=1e-9, longest_wait=1e-9)


def state() -> dict[str, object]:
    """Return what belongs to the process."""
    return {
        "random": random.getstate(),
        "numpy": repr(np.random.get_state()),
        "locale": locale.setlocale(locale.LC_ALL),
        "warnings": list(warnings.filters),
        "gc": (gc.isenabled(), gc.get_threshold(), gc.get_debug(), list(gc.callbacks)),
        "signals": {number: signal.getsignal(number) for number in signal.valid_signals()},
        "wakeup": signal.set_wakeup_fd(-1),
        "policy": _policy(),
        "environ": dict(os.environ),
        "directory": Path.cwd(),
        "sockets": socket.getdefaulttimeout(),
        "decimal": repr(decimal.getcontext()),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval(), sys.get_int_max_str_digits()),
        "hooks": (
            sys.excepthook,
            sys.unraisablehook,
            threading.excepthook,
            sys.displayhook,
            sys.breakpointhook,
        ),
        "traced": (sys.gettrace(), sys.getprofile(), sys.get_asyncgen_hooks()),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
        "path": list(sys.path),
        "root logger": (logging.root.level, list(logging.root.handlers), logging.root.disabled),
        "stack size": threading.stack_size(),
    }


def _policy() -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the question itself, since Python 3.14
        return asyncio.get_event_loop_policy()


def work(server: LocalServer, folder: Path) -> None:
    """Use every kind of operation of the sync client."""
    with HoneyHive("hh_x", base_url=server.url, retry=QUICK) as hh:
        event = hh.events.create("model", inputs={"at": decimal.Decimal("1.10")}, start_time=FROM)
        hh.events.update(event, metadata={"cost": 0.1})
        hh.events.get(event.event_id)
        hh.events.create_batch(MANY, max_events=50)
        with hh.session("chat"), hh.span("step"):
            hh.events.create("tool")

        @hh.span()
        def decorated(number: int) -> int:
            return number + 1

        assert decorated(1) == 2
        search = hh.events.search(F.event_type == "tool", start=FROM, page_size=50, parallel=4)
        assert len(list(search)) >= len(MANY)
        assert len(search.to_list()) >= len(MANY)
        search.to_jsonl(folder / "events.jsonl")
        search.to_parquet(folder / "events.parquet")
        assert len(list(read_parquet(folder / "events.parquet"))) >= len(MANY)
        search.to_dataframe(flatten=True, times="datetime")
        search.to_dataframe("polars")
        server.faults.add("status", status=503, times=2)
        hh.events.create("tool")  # tried three times
        assert server.faults.unused() == []


async def work_async(server: LocalServer, folder: Path, **options: Any) -> None:
    """Use every kind of operation of the asyncio client."""
    async with AsyncHoneyHive("hh_x", base_url=server.url, retry=QUICK, **options) as hh:
        await asyncio.gather(*[hh.events.create("tool") for _ in range(20)])
        await hh.events.create_batch(MANY, max_events=50)
        async with hh.session("chat"), hh.span("step"):
            await hh.events.create("tool")
        search = hh.events.search(F.event_type == "tool", start=FROM, page_size=50, parallel=4)
        assert len([event async for event in search]) >= len(MANY)
        await search.to_parquet(folder / "async.parquet")
        await search.to_dataframe()
        assert getattr(asyncio.get_running_loop(), "_default_executor", None) is None


@pytest.mark.parametrize("kind", ["sync", "async", "coalesced", "aiohttp"])
def test_no_operation_changes_what_belongs_to_the_process(
    kind: str, server: LocalServer, tmp_path: Path
) -> None:
    def use() -> None:
        if kind == "sync":
            work(server, tmp_path)
            return
        options = {"coalesced": {"coalesce": True}, "aiohttp": {"transport": AiohttpTransport()}}.get(
            kind, {}
        )
        asyncio.run(work_async(server, tmp_path, **options))

    use()  # libraries that are imported at first use, such as pandas, change some of it themselves
    random.seed(7)
    np.random.seed(7)
    before, frozen = state(), gc.get_freeze_count()
    use()
    after = state()
    assert gc.get_freeze_count() <= frozen  # what an earlier test froze may be freed meanwhile
    assert {name for name in before if before[name] != after[name]} == set()


def test_a_seeded_generator_gives_the_application_its_own_numbers(
    server: LocalServer, tmp_path: Path
) -> None:
    def draw() -> list[float]:
        return [random.random(), random.gauss(0, 1), float(np.random.rand()), float(np.random.normal())]

    random.seed(7)
    np.random.seed(7)
    expected = [draw(), draw(), draw()]
    random.seed(7)
    np.random.seed(7)
    found = [draw()]
    work(server, tmp_path)
    found.append(draw())
    asyncio.run(work_async(server, tmp_path))
    found.append(draw())
    assert found == expected


@pytest.mark.parametrize(
    "context", [decimal.Context(prec=1), decimal.Context(traps=[decimal.Inexact], prec=2)]
)
def test_the_decimal_context_of_the_application_neither_matters_nor_changes(
    server: LocalServer, context: decimal.Context
) -> None:
    value = decimal.Decimal("1234567890.123456789")
    with decimal.localcontext(context) as current, HoneyHive("hh_x", base_url=server.url) as hh:
        event = hh.events.create("tool", metadata={"cost": value}, duration=decimal.Decimal("12.345"))
        read = hh.events.get(event.event_id)
        assert current.flags == context.flags
    assert read.raw["metadata"] == {"cost": str(value)}
    assert read.raw["duration"] == 12.345
