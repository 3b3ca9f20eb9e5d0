"""Prism, a mock server that knows only openapi.yaml, takes every operation of both clients and answers it.

Prism runs with --errors, so a request that violates the document is answered with an error. It answers once
with the document's examples, and once (--dynamic) with values made from the schemas.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from honeyhive_ext import F
from honeyhive_ext.errors import BadRequestError, HoneyHiveError
from tests.node.support import NODE_MODULES, ROOT
from tests.support.clients import EitherClient
from tests.support.contract import document

ID = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
EVENT = {
    "event_type": "model",
    "inputs": {"q": "é"},
    "start_time": 1767225600000,
    "duration": 850.5,
    "error": None,
}
FULL = {
    **EVENT,
    "event_id": ID,
    "session_id": ID,
    "parent_id": ID,
    "children_ids": [ID],
    "outputs": {"a": [1, None]},
    "metadata": {"a.b": {"c": 0.1}},
}


@contextlib.contextmanager
def prism(*options: str) -> Iterator[str]:
    """A running Prism; the base URL. It chooses a free port itself and says which."""
    command = ["node", str(NODE_MODULES / "@stoplight" / "prism-cli" / "dist" / "index.js"), "mock"]
    command += [str(ROOT / "openapi.yaml"), "--errors", "--host", "127.0.0.1", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said = ""
        try:
            for line in process.stdout:
                said += line
                found = re.search(r"listening on (http://127\.0\.0\.1:\d+)", line)
                if found:
                    yield found.group(1)
                    break
            else:
                pytest.fail(f"Prism did not start:\n{said}")
        finally:
            process.terminate()


@pytest.fixture(scope="module", params=[(), ("--dynamic",)], ids=["examples", "dynamic"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with prism(*request.param) as found:
        yield found


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_prism_takes_every_operation(kind: Any, url: str) -> None:
    seen: list[str] = []
    statuses: list[int] = []

    def keep(info: Any) -> None:
        seen.append(info.operation)
        statuses.append(info.status)

    with EitherClient(kind, url, retry=False, on_response=keep) as client:
        assert client.do(lambda hh: hh.events.create(FULL)) is not None
        assert client.do(lambda hh: hh.events.get(ID)) is not None
        client.do(lambda hh: hh.events.update(ID, feedback={"rating": 5}, outputs={"a": 1}, duration=3))
        search = {"start": 1767225600000, "end": 1767225700000, "evaluation_id": "run"}
        with contextlib.suppress(HoneyHiveError):  # a made-up page may contradict itself; the request counts
            client.do(
                lambda hh: hh.events.search(F.event_type == "model", F("metadata.c") > 0.5, **search).first()
            )
        assert client.do(lambda hh: hh.sessions.create(session_name="chat", session_id=ID)) is not None
        for options in ({}, {"single_session": True, "session_properties": {"session_name": "nightly"}}):
            client.do(lambda hh, o=options: hh.events.create_batch([EVENT, FULL], on_error="collect", **o))
        client.do(lambda hh: hh.sessions.create_event_batch(ID, [EVENT], on_error="collect"))
    operations = {
        item[method]["operationId"]
        for item in document()["paths"].values()
        for method in item.keys() - {"parameters"}
    }
    assert set(seen) == operations
    assert set(statuses) == {200}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_prism_refuses_what_the_document_forbids(kind: Any, url: str) -> None:
    """Without this, a Prism that checks nothing would pass the test above."""
    bad = {"event_type": "modle", "inputs": {}}
    answer = httpx.post(f"{url}/v1/events", json=bad, headers={"Authorization": "Bearer hh_x"})
    assert answer.status_code in (400, 422)
    assert httpx.post(f"{url}/v1/events", json=EVENT).status_code == 401
    with EitherClient(kind, url, retry=False) as client, pytest.raises(HoneyHiveError) as caught:
        client.do(lambda hh: hh.events.search({"field": "a", "operator": "is"}).to_list())
    assert not isinstance(caught.value, BadRequestError)  # refused by the client, before anything was sent
