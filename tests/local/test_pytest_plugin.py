"""The pytest plugin, in separate runs of pytest."""

from __future__ import annotations

import re

import pytest

from tests.support.inner import OPTIONS

pytest_plugins = ["pytester"]

SEND = """
import httpx, os, pytest

def send(event_type="tool"):
    return httpx.post(
        os.environ["HH_API_URL"] + "/v1/events",
        json={"event_type": event_type, "inputs": {}},
        headers={"Authorization": "Bearer " + os.environ["HH_API_KEY"]},
    )
"""


def run(pytester: pytest.Pytester, program: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(SEND + program)
    return pytester.runpytest_subprocess(*OPTIONS, *options)


def shown(result: pytest.RunResult) -> str:
    """What the run printed, without the summary at its end: how much of a message that repeats is up to
    the environment (the width, and whether `CI` is set)."""
    lines = "\n".join(result.outlines)
    return re.split(r"^=+ short test summary info =+$", lines, flags=re.MULTILINE)[0]


def test_each_test_starts_empty_at_its_own_address_on_the_one_server_of_the_run(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HH_API_URL", raising=False)
    result = run(
        pytester,
        """
urls = []

@pytest.mark.parametrize("number", range(3))
def test_alone(honeyhive_local, number):
    assert (honeyhive_local.events(), len(honeyhive_local.requests)) == ([], 0)
    assert not honeyhive_local.faults.rules
    assert send().status_code == 200
    (event,), (request,) = honeyhive_local.events(), honeyhive_local.requests
    assert (event["event_type"], request.path) == ("tool", "/v1/events")
    honeyhive_local.configure(count="page")
    honeyhive_local.faults.add("reset")
    urls.append(honeyhive_local.url)

@pytest.fixture(scope="module")
def started_once(honeyhive_local_server):
    return honeyhive_local_server.url

def test_one_server(started_once):
    assert len({started_once, *urls}) == 4
    assert "HH_API_URL" not in os.environ

def test_that_stops_the_server(honeyhive_local):
    honeyhive_local.stop()
    with pytest.raises(httpx.ConnectError):
        send()

def test_after_it(honeyhive_local):
    assert send().status_code == 200
    assert honeyhive_local.switches.count == "total"
""",
    )
    result.assert_outcomes(passed=6)


def test_the_environment_names_the_server_while_the_test_runs(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HH_API_KEY", "hh_real_key")
    monkeypatch.setenv("HH_INGESTION_API_KEY", "hh_ingst_real_key")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "example.org")
    monkeypatch.delenv("HH_API_URL", raising=False)
    for name in ("no_proxy", "http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    result = run(
        pytester,
        """
def around():
    assert "HH_API_URL" not in os.environ and "no_proxy" not in os.environ
    assert os.environ["HH_API_KEY"] == "hh_real_key"
    assert os.environ["HH_INGESTION_API_KEY"] == "hh_ingst_real_key"
    assert os.environ["NO_PROXY"] == "example.org"

def test_before():
    around()

def test_with_the_server(honeyhive_local):
    assert os.environ["HH_API_URL"] == honeyhive_local.url
    assert os.environ["HH_API_KEY"] == honeyhive_local.api_key
    assert "HH_INGESTION_API_KEY" not in os.environ
    assert os.environ["NO_PROXY"] == "example.org,127.0.0.1"
    assert send().status_code == 200

def test_of_an_application_with_its_own_key(honeyhive_local, monkeypatch):
    monkeypatch.setenv("HH_API_KEY", "hh_other")
    assert send().status_code == 200
    assert "hh_other" not in repr(list(honeyhive_local.requests))

def test_after():
    around()
""",
    )
    result.assert_outcomes(passed=4)


def test_the_mark_sets_switches_for_one_test_the_closest_mark_first(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
pytestmark = pytest.mark.honeyhive(count="page", ties="shuffled")

def test_module(honeyhive_local):
    assert (honeyhive_local.switches.count, honeyhive_local.switches.ties) == ("page", "shuffled")

@pytest.mark.honeyhive(ties="newest", max_body=10)
class TestClass:
    @pytest.mark.honeyhive(max_body=20)
    def test_function(self, honeyhive_local):
        switches = honeyhive_local.switches
        assert (switches.count, switches.ties, switches.max_body) == ("page", "newest", 20)
        assert send().status_code == 413

    def test_sibling(self, honeyhive_local):
        assert honeyhive_local.switches.max_body == 10

def test_restored(honeyhive_local):
    assert honeyhive_local.switches.max_body == 50_000_000
    assert send().status_code == 200

def test_without_the_fixture():
    assert "HH_API_URL" not in os.environ
""",
        "--strict-markers",
    )
    result.assert_outcomes(passed=5)


def test_a_mark_with_an_unknown_switch_or_value_says_what_there_is(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
@pytest.mark.honeyhive(cuont="page")
def test_name(honeyhive_local): ...

@pytest.mark.honeyhive(count="all")
def test_value(honeyhive_local): ...

@pytest.mark.honeyhive("page")
def test_position(honeyhive_local): ...

def test_next(honeyhive_local):
    assert honeyhive_local.switches.count == "total"
""",
    )
    result.assert_outcomes(errors=3, passed=1)
    text = shown(result)
    assert "the mark honeyhive: there is no switch 'cuont'; did you mean count?" in text
    assert "the mark honeyhive: count must be one of total, page, not 'all'" in text
    assert "takes switches by name, such as honeyhive(count='page'), not ('page',)" in text
    assert "Traceback" not in text


def test_a_fault_that_did_not_happen_fails_the_test_that_set_it(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_wrong_path(honeyhive_local):
    honeyhive_local.faults.add("status", status=503, path="/v1/evnts", times=1)
    send()

def test_too_few_requests(honeyhive_local):
    honeyhive_local.faults.add("html", nth=3)
    send()
    send()

def test_used(honeyhive_local):
    honeyhive_local.faults.add("rate_limit", retry_after=0, times=2)
    assert [send().status_code for _ in range(3)] == [429, 429, 200]

def test_without_end(honeyhive_local):
    honeyhive_local.faults.add("reset")

def test_taken_back(honeyhive_local):
    honeyhive_local.faults.add("reset", times=1)
    honeyhive_local.faults.clear()

def test_with_a_failure_of_its_own(honeyhive_local):
    honeyhive_local.faults.add("reset", nth=2)
    send()
    assert "this" == "that"
""",
    )
    result.assert_outcomes(failed=3, passed=3)
    text = shown(result)
    assert "kind='status', path='/v1/evnts', times=1, status=503: 0 of 1 times, 0 requests matched" in text
    assert "kind='html', nth=3: 0 of 1 times, 2 requests matched" in text
    assert text.count("This test set a fault that did not happen") == 2
    assert "this" in text
    assert re.search(r"Captured honeyhive_local call -*\n1 requests:\n  POST /v1/events -> 200", text)


def test_a_failed_test_lists_its_requests_and_their_faults(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
def test_fails(honeyhive_local):
    honeyhive_local.faults.add("status", status=503, times=1)
    for _ in range(60):
        send()
    honeyhive_local.faults.add("reset", times=1)
    with pytest.raises(httpx.ReadError):
        send()
    raise KeyError("whatever")
""",
    )
    result.assert_outcomes(failed=1)
    text = shown(result)
    assert "61 requests, the last 50:" in text
    assert "  POST /v1/events -> no answer (fault: reset)" in text
    assert text.count("  POST /v1/events -> 200") == 49


def test_each_worker_of_xdist_has_its_own_server(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import pathlib

HERE = pathlib.Path(__file__).parent

@pytest.mark.parametrize("number", range(12))
def test_alone(honeyhive_local, number, worker_id):
    assert honeyhive_local.events() == []
    for _ in range(5):
        assert send().status_code == 200
    assert len(honeyhive_local.events()) == 5
    (HERE / f"{worker_id}-{number}.url").write_text(worker_id + " " + honeyhive_local.url)
""",
        "-n",
        "2",
    )
    result.assert_outcomes(passed=12)
    pairs = {tuple(file.read_text().split()) for file in pytester.path.glob("*.url")}
    workers, urls = zip(*pairs, strict=True)
    assert set(workers) == {"gw0", "gw1"}
    assert len(set(urls)) == 12


def test_in_process_transports_reach_the_same_store(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import asyncio
from honeyhive_ext import AsyncHoneyHive, HoneyHive

def test_sync(honeyhive_local):
    with HoneyHive("hh_1", base_url="http://api.invalid", transport=honeyhive_local.transport()) as hh:
        sent = hh.events.create("tool", event_name="inside")
    with HoneyHive() as hh:
        assert hh.events.get(sent.event_id).event_name == "inside"

def test_async(honeyhive_local):
    async def work():
        transport = honeyhive_local.async_transport()
        async with AsyncHoneyHive("hh_1", base_url="http://api.invalid", transport=transport) as hh:
            await hh.events.create("tool", event_name="inside")
    asyncio.run(work())
    assert [event["event_name"] for event in honeyhive_local.events()] == ["inside"]
""",
    )
    result.assert_outcomes(passed=2)


def test_a_run_that_does_not_use_the_fixture_loads_neither_the_server_nor_httpx(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Plugins of other packages load what they need.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        """
import sys

def test_light():
    loaded = {name for name in sys.modules if name.split(".")[0] in ("honeyhive_ext", "honeyhive_client")}
    light = {"", "_version", "config", "config.lazy", "pytest_plugin"}
    assert {name.partition(".")[2] for name in loaded} <= light
    heavy = {"httpx", "attrs", "attr", "orjson", "anyio", "jsonschema", "jsonschema_rs", "sqlite3"}
    assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    )
    plugin = ("-p", "honeyhive_ext.pytest_plugin")
    pytester.runpytest_subprocess(*OPTIONS, *plugin).assert_outcomes(passed=1)


def test_without_a_validator_the_fixture_says_what_to_install(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import sys; sys.modules.update(jsonschema=None, jsonschema_rs=None)")
    result = run(pytester, "\ndef test_any(honeyhive_local): ...\n")
    result.assert_outcomes(errors=1)
    assert "honeyhive-ext[schemas]" in shown(result)


LEAK = """
import threading

go, done = threading.Event(), threading.Event()
answers = []

def test_that_leaves_a_thread(honeyhive_local):
    url = honeyhive_local.url

    def late():
        go.wait()
        for _ in range(3):
            answers.append(httpx.post(url + "/v1/events", json={"event_type": "tool"}, timeout=60))
        done.set()

    threading.Thread(target=late, daemon=True).start()

def test_that_runs_then(honeyhive_local):
    honeyhive_local.faults.add("reset", times=1)
    go.set()
    assert done.wait(60)
    assert [answer.status_code for answer in answers] == [410] * 3
    assert (honeyhive_local.events(), list(honeyhive_local.requests)) == ([], [])
    honeyhive_local.faults.clear()

def test_after_them(honeyhive_local):
    assert honeyhive_local.events() == []
"""


@pytest.mark.parametrize("options", [(), ("-n", "1"), ("-W", "default")], ids=["one", "xdist", "no error"])
def test_what_a_test_left_behind_changes_no_other_test_and_is_a_warning_of_that_test(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    result = run(pytester, LEAK, *options)
    result.assert_outcomes(passed=3, warnings=1)
    text = shown(result)
    assert re.search(
        r"^test_\w+\.py::test_that_leaves_a_thread\n.*test_\w+\.py:\d+: LateRequestWarning: test_\w+\.py::"
        r"test_that_leaves_a_thread left something running that sends: 3 requests came, the first after its "
        r"end \(POST /v1/events\)",
        text,
        re.MULTILINE,
    ), text


def test_what_the_last_test_left_behind_is_seen_while_the_session_ends(pytester: pytest.Pytester) -> None:
    program = """
class Client:
    def close(self):
        assert httpx.post(self.url + "/v1/events", json={}).status_code == 410

@pytest.fixture(scope="session")
def client(honeyhive_local_server):
    client = Client()
    yield client
    client.close()

def test_with_a_client(honeyhive_local, client):
    client.url = honeyhive_local.url

def test_last(honeyhive_local): ...
"""
    result = run(pytester, program)
    result.assert_outcomes(passed=2, warnings=1)
    assert "test_with_a_client left something running that sends: 1 request came" in shown(result)


def test_the_warning_can_be_ignored(pytester: pytest.Pytester) -> None:
    result = run(pytester, LEAK, "-W", "ignore::honeyhive_ext.pytest_plugin.LateRequestWarning")
    result.assert_outcomes(passed=3, warnings=0)


def test_a_client_that_a_test_left_behind_fails_no_other_test(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        """
import threading
from honeyhive_ext import HoneyHive

go, done, problems = threading.Event(), threading.Event(), []

@pytest.mark.parametrize("background", [False, True])
def test_that_leaves_a_client(honeyhive_local, background):
    if background:  # the first has sent by now
        go.set()
        assert done.wait(60)
        assert "410" in problems.pop()
        assert honeyhive_local.events() == []
        go.clear(), done.clear()
    hh = HoneyHive(background=background)

    def late():
        go.wait()
        try:
            with hh.span("late"):
                pass
            hh.events.create("tool")
        except Exception as problem:
            problems.append(str(problem))
        hh.close()
        done.set()

    threading.Thread(target=late, daemon=True).start()

def test_then(honeyhive_local):
    go.set()
    assert done.wait(60)
    assert "410" in problems.pop()
    assert honeyhive_local.events() == list(honeyhive_local.requests) == []

@pytest.fixture(scope="module")
def started_once(honeyhive_local_server):
    with HoneyHive("hh_1", base_url=honeyhive_local_server.url) as hh:
        yield hh

def test_an_application_that_was_started_before_the_test(started_once, honeyhive_local):
    started_once.events.create("tool")
    assert len(honeyhive_local.events()) == 1

def test_the_same_application_in_the_next_test(started_once, honeyhive_local):
    started_once.events.create("tool")
    assert len(honeyhive_local.events()) == 1
""",
    )
    result.assert_outcomes(passed=5, warnings=2)
    text = shown(result)
    for name in ("False", "True"):
        assert f"test_that_leaves_a_client[{name}] left something running that sends" in text
