"""Who may send requests, from where, and how large."""

from __future__ import annotations

import hmac
import logging
import pickle
import socket
import warnings
from typing import Any

import httpx
import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.adapters import security
from honeyhive_ext.local.adapters.security import Keys
from honeyhive_ext.local.store import Store
from tests.support.local_api import HEADERS, Api

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
RIGHT, INGESTION = "hh_the_right_key", "hh_ingst_the_other"


def raw(server: LocalServer, request: bytes) -> bytes:
    """Everything that the server answers to these bytes before it closes."""
    with socket.create_connection(
        ("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60
    ) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
        return answer


def test_any_key_is_accepted_but_none_is_not(api: Api) -> None:
    for headers in ({"authorization": ""}, {"authorization": "Basic x"}, {"authorization": "Bearer"}):
        answer = api.request("POST", "/v1/events", json=TOOL, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (
        api.request("POST", "/v1/events", json=TOOL, headers={"authorization": "bearer x"}).status_code == 200
    )


@pytest.mark.parametrize("path", ["/v1/events", "/events", "/_local/reset", "/v1/events/search"])
def test_a_data_plane_key_is_refused_with_the_reason(api: Api, path: str) -> None:
    key = "hh_fgdp_0123456789abcdef"
    answer = api.request("POST", path, json=TOOL, headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 403
    assert "is a data plane key (hh_fgdp_...)" in answer.json()["message"]
    assert "/v1/projects/{project_id}/" in answer.json()["message"]
    assert key not in answer.text + repr(list(api.server.requests))


@pytest.mark.parametrize("option", ["api_key", "ingestion_key"])
def test_a_server_takes_no_data_plane_key_as_its_own(option: str) -> None:
    with pytest.raises(ConfigError, match=rf"{option} is a data plane key") as caught:
        LocalServer(**{option: "hh_fgdp_0123456789abcdef"})
    assert "0123456789abcdef" not in str(caught.value)


def test_only_the_right_key_is_accepted_where_one_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    original = hmac.compare_digest

    def compare(given: bytes, wanted: bytes) -> bool:
        compared.append((given, wanted))
        return original(given, wanted)

    monkeypatch.setattr(security.hmac, "compare_digest", compare)
    server = LocalServer(api_key=RIGHT, ingestion_key=INGESTION)
    with httpx.Client(transport=server.transport(), base_url="http://local") as client:
        for key, write, read in ((RIGHT, 200, 200), (INGESTION, 200, 403), ("wrong", 401, 401)):
            headers = {"authorization": f"Bearer {key}"}
            assert client.post("/v1/events", json=TOOL, headers=headers).status_code == write
            assert client.post("/v1/events/search", json={}, headers=headers).status_code == read
        odd = {"authorization": "Bearer ü".encode()}
        assert client.post("/v1/events", json=TOOL, headers=odd).status_code == 401
    assert (b"wrong", RIGHT.encode()) in compared
    server.close()


def test_an_ingestion_key_may_write_but_not_read(api: Api) -> None:
    headers = {"authorization": f"Bearer {INGESTION}"}
    assert api.request("POST", "/v1/sessions", json={}, headers=headers).status_code == 200
    assert api.request("POST", "/v1/events/search", json={}, headers=headers).status_code == 403


def test_no_key_is_in_a_repr_a_log_line_or_a_pickle(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = LocalServer(api_key=RIGHT, ingestion_key=INGESTION)
    with httpx.Client(transport=server.transport(), base_url="http://local") as client:
        client.post("/v1/events", json=TOOL, headers={"authorization": f"Bearer {RIGHT}"})
    text = repr(server) + repr(Keys(RIGHT, INGESTION)) + repr(server.requests[0]) + caplog.text
    text += str(pickle.dumps(list(server.requests)))
    assert "right_key" not in text
    assert "ingst" not in text
    server.close()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[::2]:1"])
def test_a_host_that_is_not_ours_is_refused(server: LocalServer, host: str) -> None:
    with httpx.Client(base_url=server.url, headers=HEADERS) as client:
        assert client.post("/v1/events", json=TOOL, headers={"host": host}).status_code == 403
        assert client.get("/_local/export", headers={"host": host}).status_code == 403
        assert client.get("/_local/stats", headers={"host": "LOCALHOST:1"}).json()["events"] == 0


def test_another_host_can_be_allowed() -> None:
    with LocalServer(allowed_hosts=["honeyhive.test"]) as server:
        headers = {**HEADERS, "host": "HoneyHive.test:80"}
        assert httpx.post(f"{server.url}/v1/events", json=TOOL, headers=headers).status_code == 200


def test_web_pages_of_other_origins_are_refused_and_get_no_cors(wired: Api) -> None:
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        answer = wired.request("POST", "/_local/reset", headers={"origin": origin})
        assert answer.status_code == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]
    own = {"origin": wired.server.url}
    assert wired.request("POST", "/v1/events", json=TOOL, headers=own).status_code == 200
    assert wired.request("OPTIONS", "/v1/events", headers=own).status_code == 405


def test_a_loopback_address_is_the_default_and_another_is_warned_about() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with LocalServer() as server:
            assert server.url.startswith("http://127.0.0.1:")
        with LocalServer(host="localhost", port=0) as server:
            assert httpx.get(f"{server.url}/_local/health").status_code == 200
    for key, text in ((None, "set api_key"), ("k", "no TLS")):
        server = LocalServer(host="0.0.0.0", api_key=key)
        with pytest.warns(UserWarning, match=text):
            server.start()
        server.close()


HEAD = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer x\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HEAD + b"X: " + b"y" * 70_000 + b"\r\n\r\n", b"431"),
        (HEAD + b"".join(b"X%d: y\r\n" % n for n in range(200)) + b"\r\n", b"431"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"nonsense\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 1e3\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"400"),
        (b"POST /v1/events HTTP/9.9\r\n\r\n", b"505"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_requests_that_are_malformed_or_too_large_are_refused(
    server: LocalServer, request_bytes: bytes, status: bytes
) -> None:
    answer = raw(server, request_bytes)
    assert answer.split(b" ", 2)[1] == status
    assert answer.endswith(b"}")
    with httpx.Client(base_url=server.url, headers=HEADERS) as client:
        assert client.post("/v1/events", json=TOOL).status_code == 200


def test_chunked_bodies_are_read_and_bounded(wired: Api) -> None:
    def pieces(count: int) -> Any:
        yield b'{"event_type":"tool","inputs":{"a":"'
        for _ in range(count):
            yield b"x" * 1000
        yield b'"}}'

    assert wired.request("POST", "/v1/events", content=pieces(3)).status_code == 200
    assert wired.search()["events"][0]["inputs"] == {"a": "x" * 3000}
    wired.server.configure(max_body=10_000)
    assert wired.request("POST", "/v1/events", content=pieces(30)).status_code == 413
    assert wired.create()


def test_one_connection_carries_many_requests_even_after_a_refusal(server: LocalServer) -> None:
    body = b'{"event_type":"tool","inputs":{}}'
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    answer = raw(server, HEAD + length + body + HEAD.replace(b"events", b"nothing") + length + body + HEAD
                 + b"Connection: close\r\n" + length + body)  # fmt: skip
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"200"]
    assert len(server.events()) == 2


def test_a_client_that_disconnects_during_a_request_affects_no_other(wired: Api) -> None:
    port = int(wired.server.url.rpartition(":")[2])
    for request_bytes in (b"", b"POST /v1", HEAD, HEAD + b"Content-Length: 100\r\n\r\n{"):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request_bytes)
    assert wired.search()["count"] == 0
    assert wired.create()


def test_a_failure_inside_is_a_500_without_details(
    plain: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Store, "write", None)
        answer = plain.post("/v1/events", TOOL)
    assert answer.status_code == 500
    assert answer.json()["errorCode"] == "INTERNAL"
    assert "TypeError" in caplog.text
    assert "TypeError" not in answer.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"api_key": ""}, "api_key is empty: leave it out"),
        ({"ingestion_key": ""}, "ingestion_key is empty: leave it out"),
        ({"api_key": "a\nb"}, "api_key is not a key that a header can hold"),
        ({"api_key": "schl\u00fcssel"}, "api_key is not a key that a header can hold"),
        ({"host": ""}, "host is empty"),
        ({"allowed_hosts": ["honeyhive.test", ""]}, "allowed_hosts has a name that is empty"),
    ],
)
def test_a_server_that_no_client_could_use_or_that_everyone_could_is_refused(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        LocalServer(**options)
