"""Mistakes that SQLite, JSON libraries and sockets invite. Some server has made each of them."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.store import paths as paths_module
from tests.support.local_api import HEADERS, Api, core, post

TOOL = {"event_type": "tool", "inputs": {}}


def test_a_key_that_contains_dots_is_found_by_its_dotted_path(plain: Api) -> None:
    found = plain.create(metadata={"attributes": {"gen_ai.usage.input_tokens": 7}})
    nested = plain.create(metadata={"attributes": {"gen_ai": {"usage": {"input_tokens": 7}}}})
    plain.create(metadata={"attributes.gen_ai": {"usage.input_tokens": 8}})
    ids = plain.ids(("metadata.attributes.gen_ai.usage.input_tokens", "is", 7))
    assert set(ids) == {found, nested}


@pytest.mark.parametrize(
    ("stored", "operator", "value"),
    [("5", "greater than", 4), (True, "is", 1), (1, "is", True), ("1", "is", 1), (False, "less than", 1)],
    ids=str,
)
def test_values_of_different_types_never_compare(
    plain: Api, stored: object, operator: str, value: object
) -> None:
    plain.create(metadata={"v": stored})
    assert plain.ids(("metadata.v", operator, value)) == []


@pytest.mark.parametrize(
    "text",
    ["'; DROP TABLE events; --", '") OR 1=1 --', "$", "$.a[#-1]", "%", "a' OR '1'='1", "x\x00y", "../../etc"],
)
def test_hostile_names_and_values_are_data(plain: Api, text: str) -> None:
    event_id = plain.create(inputs={text: {text: text}}, event_name=text)
    for field in (f"inputs.{text}.{text}", "event_name"):
        assert plain.ids((field, "is", text)) == [event_id]
        assert plain.ids((field, "contains", text)) == [event_id]
        assert plain.ids((field, "is not", text)) == []
    assert plain.ids((text, "exists", None)) == []
    assert plain.event(event_id)["inputs"] == {text: {text: text}}


@pytest.mark.parametrize("number", [2**63, 2**64, 2**64 + 1, 10**40, -(2**63) - 1])
def test_integers_beyond_64_bits_are_kept_to_the_last_digit(plain: Api, number: int) -> None:
    event_id = plain.create(metadata={"n": number}, duration=number)
    assert plain.event(event_id)["metadata"]["n"] == number
    assert plain.event(event_id)["duration"] == number
    assert plain.ids(("metadata.n", "is", number)) == [event_id]
    assert plain.ids(("duration", "is", number)) == [event_id]


def test_decimal_fractions_compare_to_the_last_bit(plain: Api) -> None:
    low, high = 0.1 + 0.2, 0.3
    ids = {plain.create(metadata={"n": low}): low, plain.create(metadata={"n": high}): high}
    for event_id, number in ids.items():
        assert plain.ids(("metadata.n", "is", number)) == [event_id]
    assert [ids[one] for one in plain.ids(("metadata.n", "greater than", high))] == [low]


@pytest.mark.parametrize(
    "body", [b'{"a": NaN}', b'{"a": Infinity}', b'{"a": "\\ud83d"}', b'{"a": "\xed\xa0\x80"}']
)
def test_a_body_that_is_not_strict_json_is_not_stored(plain: Api, body: bytes) -> None:
    answer = plain.request("POST", "/v1/events", content=b'{"event_type":"tool","inputs":' + body + b"}")
    assert answer.status_code == 400
    assert plain.search()["count"] == 0


@pytest.mark.parametrize("levels", [255, 1000, 3000, 100_000])
def test_nesting_that_sqlite_cannot_search_is_refused_at_ingest(plain: Api, levels: int) -> None:
    deep = b'{"event_type":"tool","inputs":{"a":' + b"[" * levels + b"]" * levels + b"}}"
    for path, body in (("/v1/events", deep), ("/v1/events/batch", b'{"events":[' + deep + b"]}")):
        answer = plain.request("POST", path, content=body)
        assert answer.status_code == 400
        if levels < 1024:  # no JSON library reads deeper nesting
            assert "inputs" in answer.json()["errors"][0]["path"]
    plain.create(metadata={"a": 1})
    assert plain.search(("inputs.a", "exists", None))["count"] == 0


def test_the_deepest_nesting_that_is_accepted_is_searched(plain: Api) -> None:
    deep = b'{"event_type":"tool","inputs":' + b'{"a":' * 253 + b"1" + b"}" * 253 + b"}"
    answer = plain.request("POST", "/v1/events", content=deep)
    assert answer.status_code == 200
    assert plain.ids((".".join(["inputs", *["a"] * 253]), "is", 1)) == [answer.json()["event_id"]]


def test_non_ascii_keys_sent_as_escapes_are_found(plain: Api) -> None:
    body = json.dumps({**TOOL, "metadata": {"größe": {"日本": "ü"}}}, ensure_ascii=True).encode()
    assert b"\\u" in body
    event_id = plain.request("POST", "/v1/events", content=body).json()["event_id"]
    assert plain.ids(("metadata.größe.日本", "is", "ü")) == [event_id]


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "a\x00", "\ufdd0\ufdd1\ufdd2", "\ufdd1\x00\ufdd2"])
def test_strings_with_nul_compare_and_come_back(plain: Api, text: str) -> None:
    event_id = plain.create(metadata={"v": text, f"k{text}": 1}, event_name=text)
    for field in ("metadata.v", "event_name"):
        assert plain.ids((field, "is", text)) == [event_id]
        assert plain.ids((field, "contains", text[-1])) == [event_id]
        assert plain.ids((field, "is", text.split("\x00")[0] + "?")) == []
        assert plain.ids((field, "contains", "\ufdd3")) == []
    assert plain.ids((f"metadata.k{text}", "is", 1)) == [event_id]
    assert plain.event(event_id)["metadata"] == {"v": text, f"k{text}": 1}


@pytest.mark.parametrize("key", ['a"b', "a\\b", "a\nb", "", "a.", ".", "$", "[0]", "0", "\x7f", "💥"])
def test_every_key_is_found_whatever_sqlite_makes_of_it(plain: Api, key: str) -> None:
    event_id = plain.create(metadata={key: {"x": 5}})
    assert plain.ids((f"metadata.{key}.x", "is", 5)) == [event_id]
    assert plain.ids((f"metadata.{key}", "exists", None)) == [event_id]


def test_more_paths_than_the_dictionary_holds_are_still_found(
    plain: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths_module, "LIMIT", 10)
    ids = [plain.create(metadata={f"key{n}": n}) for n in range(30)]
    for n in (0, 15, 29):
        assert plain.ids((f"metadata.key{n}", "is", n)) == [ids[n]]
    assert len(plain.ids(("metadata.key29", "is not", 29))) == 29


def test_a_null_that_was_sent_and_an_empty_text_stay_what_they_are(plain: Api) -> None:
    null, empty, absent = plain.create(error=None), plain.create(error=""), plain.create()
    assert plain.event(null)["error"] is None
    assert plain.event(empty)["error"] == ""
    assert "error" not in plain.event(absent)
    assert plain.ids(("error", "exists", None)) == [empty]


def test_two_servers_never_fight_for_a_port() -> None:
    with LocalServer() as one, LocalServer() as other:
        assert one.url != other.url
        for server in (one, other):
            assert httpx.post(f"{server.url}/v1/events/search", json={}, headers=HEADERS).status_code == 200


def test_answers_are_not_held_back_by_nagle(monkeypatch: pytest.MonkeyPatch) -> None:
    accepted: list[socket.socket] = []
    accept = socket.socket.accept

    def recording(listening: socket.socket) -> tuple[socket.socket, Any]:
        connection, address = accept(listening)
        accepted.append(connection)
        return connection, address

    monkeypatch.setattr(socket.socket, "accept", recording)
    with LocalServer() as server, httpx.Client(base_url=server.url, headers=HEADERS) as client:
        assert client.post("/v1/events", json=TOOL).status_code == 200
        (connection,) = accepted
        # Without TCP_NODELAY each answer may take 40 ms.
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_reader_does_not_block_a_writer(tmp_path: Path) -> None:
    with core(tmp_path / "events.db") as app:
        post(app, "/v1/events", TOOL)
        with app.state.store.reading() as connection:
            assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == 1
            post(app, "/v1/events", TOOL)
            assert connection.execute("SELECT count(*) FROM events").fetchone()[0] == 1  # its view is fixed
        assert post(app, "/v1/events/search", {})["count"] == 2


def test_writers_at_once_share_commits_and_lose_nothing(tmp_path: Path) -> None:
    server = LocalServer(tmp_path / "events.db")
    ids: list[str] = []

    def write() -> None:
        ids.extend(post(server, "/v1/events", TOOL)["event_id"] for _ in range(30))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event["event_id"] for event in server.events()) == sorted(ids)
    assert post(server, "/v1/events/search", {})["count"] == 240
    server.close()


def test_a_filter_in_one_process_sees_what_another_has_written(tmp_path: Path) -> None:
    one, other = LocalServer(tmp_path / "events.db"), LocalServer(tmp_path / "events.db")
    for number, server in enumerate((one, other, one)):
        post(server, "/v1/events", {**TOOL, "metadata": {f"from {number}": number}})
    for number in range(3):
        asked = {"filters": [{"field": f"metadata.from {number}", "operator": "is", "value": number}]}
        for server in (one, other):
            assert post(server, "/v1/events/search", asked)["count"] == 1
    one.reset()
    post(other, "/v1/events", {**TOOL, "metadata": {"from 0": 0}})
    one.close()
    other.close()
    again = LocalServer(tmp_path / "events.db")
    asked = {"filters": [{"field": "metadata.from 0", "operator": "is", "value": 0}]}
    assert post(again, "/v1/events/search", asked)["count"] == 1
    again.close()
