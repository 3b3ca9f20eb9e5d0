"""What both results of a search do alike: what they request, show and pass on."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet
import pytest

from honeyhive_ext import AsyncHoneyHive, F, HoneyHive
from honeyhive_ext.errors import ServerError
from honeyhive_ext.local import LocalServer
from tests.support.clients import EitherClient, Kind

BASE = 1_767_225_600_000
Use = Callable[[Any], Any]
Run = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server without a socket."""
    made = LocalServer()
    yield made
    made.close()


def fill(server: LocalServer, number: int) -> None:
    server.seed(
        [
            {"event_type": "tool", "inputs": {}, "event_name": f"n{n}", "start_time": BASE + n}
            for n in range(number)
        ]
    )


@pytest.fixture(params=["sync", "async"])
def run(request: pytest.FixtureRequest, server: LocalServer) -> Run:
    """Calls a function with the events of a client, and awaits what it returns where that is needed."""
    settings: dict[str, Any] = {"api_key": "x", "base_url": "http://local", "retry": False}

    def sync(use: Use) -> Any:
        with HoneyHive(transport=server.transport(), **settings) as hh:
            return use(hh.events)

    async def awaited(use: Use) -> Any:
        async with AsyncHoneyHive(transport=server.async_transport(), **settings) as hh:
            found = use(hh.events)
            return await found if isinstance(found, Awaitable) else found

    return sync if request.param == "sync" else lambda use: asyncio.run(awaited(use))


def limits(server: LocalServer) -> list[int]:
    return [json.loads(one.body)["limit"] for one in server.requests if one.path == "/v1/events/search"]


def test_one_event_is_asked_for_with_one_request_for_two(run: Run, server: LocalServer) -> None:
    fill(server, 1)
    assert run(lambda events: events.search().one()).event_name == "n0"
    assert limits(server) == [2]


@pytest.mark.parametrize(("number", "asked"), [(5, [1]), (1, [1, 2]), (0, [1])])
def test_a_count_is_asked_for_with_as_few_events_as_can_be(
    run: Run, server: LocalServer, number: int, asked: list[int]
) -> None:
    fill(server, number)
    assert run(lambda events: events.search().count()) == number
    assert limits(server) == asked


def test_a_result_shows_what_was_asked(run: Run) -> None:
    shown = run(lambda events: repr(events.search(F.event_type == "tool", limit=3)))
    assert shown.removeprefix("Async") == "SearchResult(F.event_type == 'tool', limit=3)"


FORMS: dict[str, Callable[..., Any]] = {
    "list": lambda result, path, **more: result.to_list(**more),
    "jsonl": lambda result, path, **more: result.to_jsonl(path, **more),
    "parquet": lambda result, path, **more: result.to_parquet(path, **more),
    "pandas": lambda result, path, **more: result.to_dataframe(**more),
    "polars": lambda result, path, **more: result.to_dataframe("polars", **more),
}


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_drawn_that_was_not_asked_for(
    run: Run, server: LocalServer, form: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fill(server, 5)
    run(lambda events: FORMS[form](events.search(), tmp_path / "out"))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("form", FORMS)
def test_progress_is_reported_page_by_page_with_the_limit(
    run: Run, server: LocalServer, form: str, tmp_path: Path
) -> None:
    fill(server, 50)
    told: list[tuple[int, int | None]] = []
    tell = lambda *now: told.append(now)  # noqa: E731
    run(lambda events: FORMS[form](events.search(page_size=20, limit=45), tmp_path / "out", progress=tell))
    assert told[-1] == (45, 45)
    assert [now for now in told if now[0]] == [(20, 45), (38, 45), (45, 45)]


@pytest.mark.parametrize(("given", "codec"), [({}, "ZSTD"), ({"compression": "gzip"}, "GZIP")])
def test_a_parquet_file_is_compressed_as_asked(
    run: Run, server: LocalServer, given: dict[str, str], codec: str, tmp_path: Path
) -> None:
    fill(server, 5)
    assert run(lambda events: events.search().to_parquet(tmp_path / "out", **given)) == 5
    found = pyarrow.parquet.read_metadata(tmp_path / "out").row_group(0).column(0)
    assert found.compression == codec


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("form", ["itself", "raw", "jsonl"])
def test_every_request_of_a_result_has_its_retry_and_its_timeout(
    kind: Kind, form: str, tmp_path: Path
) -> None:
    timeouts: list[float] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"]["read"])
        return httpx.Response(503)

    def use(hh: Any) -> Any:
        result = hh.events.search(retry=False, timeout=7.5)
        if form == "jsonl":
            return result.to_jsonl(tmp_path / "out")
        return (result.raw() if form == "raw" else result).to_list()

    with EitherClient(kind, "http://local", transport=httpx.MockTransport(refuse)) as client:
        with pytest.raises(ServerError):
            client.do(use)
        assert client.waits == []
    assert len(timeouts) == 1
    assert 0 < timeouts[0] <= 7.5


@pytest.mark.parametrize("form", FORMS)
def test_a_search_continues_from_a_checkpoint_in_every_form(
    run: Run, server: LocalServer, form: str, tmp_path: Path
) -> None:
    fill(server, 5)
    began: list[Any] = []

    def begin(events: Any) -> Any:
        began.append(events.search(limit=3))
        return began[0].to_list()

    assert len(run(begin)) == 3
    checkpoint = began[0].checkpoint()
    found = run(lambda events: FORMS[form](events.search(resume=checkpoint), tmp_path / "out"))
    assert (found if isinstance(found, int) else len(found)) == 2
    rest = run(lambda events: events.search(resume=checkpoint).raw().to_list())
    assert [one["event_name"] for one in rest] == ["n1", "n0"]
    rest = run(lambda events: each(events.search(resume=checkpoint)))
    assert [one.event_name for one in rest] == ["n1", "n0"]
    assert run(lambda events: events.search(resume=checkpoint).checkpoint()) == checkpoint


def each(result: Any) -> Any:
    """The events of a loop over a result."""

    async def loop() -> list[Any]:
        return [event async for event in result]

    return loop() if hasattr(result, "__aiter__") else [*result]


def test_a_frame_has_the_columns_and_the_times_that_were_asked_for(run: Run, server: LocalServer) -> None:
    fill(server, 1)
    plain = run(lambda events: events.search().to_dataframe())
    assert (plain["start_time"][0], "metadata.x" in plain) == (BASE, False)
    server.seed([{"event_type": "tool", "inputs": {}, "metadata": {"x": 5}, "start_time": BASE + 1}])
    plain = run(lambda events: events.search().to_dataframe())
    assert plain["metadata"][0] == {"x": 5}
    flat = run(lambda events: events.search().to_dataframe(flatten=True, times="datetime"))
    assert flat["metadata.x"][0] == 5
    assert flat["start_time"][0].timestamp() * 1000 == BASE + 1


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_line_of_a_file_is_the_text_of_the_service(kind: str, tmp_path: Path) -> None:
    line = b'{"event_id":"a","start_time":5,"x":1.50,"y":1E2}'
    answer = httpx.Response(200, content=b'{"events":[' + line + b'],"count":1}')
    transport = httpx.MockTransport(lambda request: answer)

    async def main() -> int:
        async with AsyncHoneyHive(api_key="x", base_url="http://local", transport=transport) as hh:
            return await hh.events.search().to_jsonl(tmp_path / "out")

    if kind == "async":
        assert asyncio.run(main()) == 1
    else:
        with HoneyHive(api_key="x", base_url="http://local", transport=transport) as hh:
            assert hh.events.search().to_jsonl(tmp_path / "out") == 1
    assert (tmp_path / "out").read_bytes() == line + b"\n"


def test_a_cancelled_export_waits_for_its_thread(tmp_path: Path) -> None:
    started, go, ended = threading.Event(), threading.Event(), threading.Event()

    class HeldPath:
        """A path whose first use, in the thread of the export, ends when the test says so."""

        def __fspath__(self) -> str:
            started.set()
            assert go.wait(60)
            ended.set()
            return str(tmp_path / "out")

    async def main() -> None:
        async with AsyncHoneyHive(api_key="x", base_url="http://local") as hh:
            task = asyncio.create_task(hh.events.search().to_parquet(HeldPath()))
            assert await asyncio.to_thread(started.wait, 60)
            task.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
            waits = not task.done()
            go.set()
            assert waits
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ended.is_set()

    asyncio.run(main())


def test_a_result_that_was_not_used_is_at_its_beginning(run: Run) -> None:
    checkpoint = run(lambda events: events.search(limit=3).checkpoint())
    assert (checkpoint.handed_out, checkpoint.position.hi) == (0, None)
    assert run(lambda events: events.search(resume=checkpoint, limit=3).checkpoint()) == checkpoint
