"""The routes under /_local/ and the request log."""

from __future__ import annotations

import json
import socket
import uuid
from pathlib import Path
from typing import Any

import honeyhive_schemas
import httpx
import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.local import log as log_module
from honeyhive_ext.local.routes import control
from honeyhive_ext.local.store import StoreFailedError
from tests.support.local_api import KEY, Api

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
LINES = "\n".join(
    json.dumps({**TOOL, "event_id": str(uuid.UUID(int=n)), "metadata": {"n": n, "é": "\x00"}})
    for n in range(3)
)


def test_health_stats_and_reset(api: Api) -> None:
    assert api.get("/_local/health").json() == {"status": "ok"}
    session = api.post("/v1/sessions", {}).json()["session_id"]
    api.create(session_id=session)
    api.server.faults.add("latency", times=1)
    api.create()
    stats = api.get("/_local/stats").json()
    assert (stats["events"], stats["sessions"], stats["requests"], stats["faults"]) == (3, 2, 3, 1)
    assert stats["bytes"] > 0
    assert api.post("/_local/reset").status_code == 200
    assert api.get("/_local/stats").json() | {"bytes": 0} == {
        "events": 0, "sessions": 0, "requests": 0, "faults": 0, "bytes": 0,
        "otlp": {"spans": 0, "refused": 0, "logs": 0, "metrics": 0}}  # fmt: skip
    assert api.search() == {"events": [], "count": 0}
    document = honeyhive_schemas.schema("PostEventRequest")
    assert api.get("/_local/fields").json()["fields"] == sorted(document["properties"])


def test_seed_and_export_are_json_lines_that_come_back_the_same(api: Api) -> None:
    answer = api.request("POST", "/_local/seed", content=LINES + "\n\n")
    assert answer.json() == {"stored": 3}
    first = api.request("GET", "/_local/export")
    assert first.headers["content-type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in first.text.splitlines()]
    for sent, back in zip(LINES.splitlines(), rows, strict=True):
        assert back | json.loads(sent) == back
    assert api.request("POST", "/_local/seed", content=first.content).json() == {"stored": 3}
    assert api.request("GET", "/_local/export").content == first.content
    assert api.server.events() == rows
    assert list(api.server.export()) == first.text.splitlines()


def test_an_export_of_many_pieces_is_whole(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_PIECE", 2000)
    api.server.seed({**TOOL, "inputs": {"é": "\x00" * 50, "n": n}} for n in range(300))
    for _ in range(2):  # on one connection
        answer = api.request("GET", "/_local/export")
        assert [json.loads(line)["inputs"]["n"] for line in answer.text.splitlines()] == list(range(300))
        assert answer.content.endswith(b"\n")
        head = api.request("HEAD", "/_local/export")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == "application/x-ndjson"


def test_an_export_that_cannot_be_read_to_its_end_is_no_whole_answer(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    read, calls = control._piece, list[int]()

    def damaged(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) > 4:
            raise StoreFailedError("damaged", "the rest is damaged")
        return read(*arguments)

    monkeypatch.setattr(control, "_PIECE", 2000)
    monkeypatch.setattr(control, "_piece", damaged)
    api.server.seed(TOOL for _ in range(300))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, ConnectionResetError)):
        api.request("GET", "/_local/export")
    assert "an answer was broken off: the rest is damaged" in caplog.text


def test_an_export_over_http_1_0_ends_with_the_connection(
    plain: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_PIECE", 2000)
    plain.server.seed(TOOL for _ in range(100))
    host, port = plain.server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        asked = f"GET /_local/export HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        connection.sendall(asked.encode())
        with connection.makefile("rb") as answer:
            head, _, body = answer.read().partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert len(body.splitlines()) == 100


def test_seed_stores_all_or_none_and_names_the_bad_lines(plain: Api) -> None:
    deep = json.dumps({"inputs": json.loads("[" * 300 + "]" * 300)})
    answer = plain.request("POST", "/_local/seed", content=f'{LINES}\n{{\n{{"inputs": 7}}\n{deep}')
    assert answer.status_code == 400
    paths = [one["path"] for one in answer.json()["errors"]]
    assert paths[:2] == ["line 4", "line 5: inputs"]
    assert paths[2].startswith("line 6: inputs")
    assert plain.search()["count"] == 0
    with pytest.raises(ConfigError, match="line 1"):
        plain.server.seed(["{"])
    assert plain.server.seed([TOOL, json.dumps(TOOL)]) == 2


def test_the_log_holds_each_request_but_no_key(plain: Api) -> None:
    plain.post(f"/v1/events?token={KEY}", {**TOOL, "metadata": {"leaked": KEY}})
    plain.request("POST", "/v1/events", content=b"{", headers={"x-note": KEY, "cookie": "secret-cookie"})
    entries = plain.get("/_local/requests").json()["requests"]
    assert [(one["number"], one["method"], one["path"], one["status"]) for one in entries] == [
        (1, "POST", "/v1/events", 200),
        (2, "POST", "/v1/events", 400),
    ]
    assert entries[0]["body"] == {**TOOL, "metadata": {"leaked": "***"}}
    assert entries[1]["body"] == "{"
    assert entries[1]["headers"]["x-note"] == "***"
    text = plain.get("/_local/requests").text + repr(list(plain.server.requests))
    assert KEY not in text
    assert "secret-cookie" not in text
    assert "authorization" not in text
    assert plain.server.requests[0].json()["event_type"] == "tool"
    assert plain.request("DELETE", "/_local/requests").status_code == 200
    assert len(plain.server.requests) == 0
    plain.create()
    assert plain.server.requests[-1].number == 1


def test_the_log_is_bounded_in_number_and_in_bytes(plain: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "ENTRIES", 3)
    for _ in range(5):
        plain.create()
    assert [one.number for one in plain.server.requests] == [3, 4, 5]
    monkeypatch.setattr(log_module, "BYTES", 2000)
    plain.create(inputs={"a": "x" * 1500})
    assert [one.number for one in plain.server.requests][-1] == 6
    plain.create(inputs={"a": "x" * 1500})
    assert [one.number for one in plain.server.requests] == [7]
    assert plain.server.requests[:1][0].number == 7


def test_fields_lists_every_path_that_a_filter_can_name(plain: Api) -> None:
    plain.create(metadata={"a.b": [{"c\x00": 1}]}, inputs={"x": {}})
    fields = plain.get("/_local/fields").json()["fields"]
    for name in ("event_type", "metadata.a.b", "metadata.a.b.c\x00", "inputs.x"):
        assert name in fields
        assert plain.search((name, "exists", None))["count"] == 1


def test_the_control_routes_need_the_key_except_health() -> None:
    server = LocalServer(api_key="the-right-key")
    with httpx.Client(transport=server.transport(), base_url="http://local") as client:
        for path in ("stats", "requests", "export", "config", "faults", "fields"):
            assert client.get(f"/_local/{path}").status_code == 401
        assert client.get("/_local/health").status_code == 200
        headers = {"authorization": "Bearer the-right-key"}
        assert client.get("/_local/stats", headers=headers).status_code == 200
    server.close()


@pytest.mark.parametrize("name", [None, "events.db"], ids=["memory", "file"])
def test_an_export_that_is_read_slowly_holds_up_nobody(
    tmp_path: Path, name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "_PIECE", 300)
    with LocalServer(None if name is None else tmp_path / name) as server:
        server.seed({"event_type": "tool", "inputs": {}, "event_name": f"{n}"} for n in range(10))
        names: list[str] = []
        for line in server.export():
            names.append(json.loads(line)["event_name"])
            if len(names) <= 10:
                server.seed([{"event_type": "tool", "inputs": {}, "event_name": f"{len(names) + 9}"}])
        assert names == [str(n) for n in range(20)]
