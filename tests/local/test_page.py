"""The trace page as the server gives it: files, headers, who may read what, and the routes it uses."""

from __future__ import annotations

import gzip
import json
import re
import uuid
from typing import Any

import httpx
import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.viewer.assets import assets
from tests.support.local_api import KEY, Api

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
NO_KEY = {"authorization": ""}
LARGEST = 60_000  # bytes of the whole page as it is sent


def test_the_page_needs_no_key_and_may_do_only_what_it_needs(api: Api) -> None:
    answer = api.request("GET", "/", headers=NO_KEY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';")
    assert "unsafe" not in policy
    assert "*" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_every_file_that_the_page_names_is_served_with_its_type(plain: Api) -> None:
    kinds = {
        ".js": "text/javascript; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".svg": "image/svg+xml",
    }
    waiting = re.findall(r'"_local/page/([^"]+)"', plain.get("/").text)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        answer = plain.request("GET", f"/_local/page/{name}", headers=NO_KEY)
        assert answer.status_code == 200, name
        assert answer.headers["content-type"] == kinds[name[name.rfind(".") :]]
        assert answer.headers["content-security-policy"]
        waiting += re.findall(r'from "\./([^"]+)"', answer.text)
    assert seen | {"index.html"} == set(assets())
    assert len(seen) > 15


def test_a_page_is_compressed_for_who_takes_that_and_at_most_60_kb_in_all(plain: Api) -> None:
    total = 0
    for name, asset in assets().items():
        path = "/" if name == "index.html" else f"/_local/page/{name}"
        raw = plain.server.transport().handle_request(
            httpx.Request("GET", f"http://localhost{path}", headers={"accept-encoding": "br, gzip;q=0.5"})
        )
        assert raw.headers["content-encoding"] == "gzip"
        sent = b"".join(raw.stream)  # type: ignore[arg-type]
        assert gzip.decompress(sent) == asset.body
        total += len(sent)
        for refused in ("identity", "gzip;q=0", "br, gzip; q=0.0", ""):
            plainly = plain.request("GET", path, headers={"accept-encoding": refused})
            assert "content-encoding" not in plainly.headers
            assert plainly.content == asset.body
    print(f"{total} bytes in {len(assets())} files")
    assert total <= LARGEST


def test_no_file_of_the_page_takes_markup_runs_text_or_names_another_host() -> None:
    forbidden = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "DOMParser",
        "srcdoc",
        "javascript:",
    )
    for name, asset in assets().items():
        text = asset.body.decode()
        assert not [word for word in forbidden if word in text], name
        assert not re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text), name
        if name.endswith(".html"):
            assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)


@pytest.mark.parametrize(
    "name", ["nothing.js", "assets.py", "__init__.py", "..%2fassets.py", "%2e%2e", "style.css%00"]
)
def test_other_files_are_not_served(api: Api, name: str) -> None:
    assert api.get(f"/_local/page/{name}").status_code in (400, 404)


def test_what_the_page_shows_needs_the_key() -> None:
    with LocalServer(api_key="hh_the_right_key") as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/").status_code == 200
        assert client.get("/_local/page/main.js").status_code == 200
        for path in (
            "/_local/requests",
            "/_local/faults",
            "/_local/stats",
            "/_local/fields",
            "/_local/export",
        ):
            assert client.get(path).status_code == 401, path
        assert client.post("/_local/export", json={"event_ids": []}).status_code == 401
        assert client.post("/", json={}).status_code == 405


def test_the_page_is_no_way_around_the_host_check(wired: Api) -> None:
    for path in ("/", "/_local/page/main.js"):
        assert wired.request("GET", path, headers={"host": "evil.example"}).status_code == 403
        assert wired.request("GET", path, headers={"origin": "http://evil.example"}).status_code == 403


def test_no_fault_happens_to_the_page_and_the_log_leaves_it_out(plain: Api) -> None:
    plain.server.faults.add("status", status=500)
    assert plain.get("/").status_code == plain.get("/_local/page/main.js").status_code == 200
    assert plain.get("/v1/events/x").status_code == 500
    assert [one.path for one in plain.server.requests] == ["/v1/events/x"]
    assert plain.server.faults.rules[0].used == 1


def test_an_export_of_some_events_has_their_own_text_in_the_order_asked_for(api: Api) -> None:
    ids = [str(uuid.UUID(int=number + 1)) for number in range(1201)]
    lines = [
        json.dumps({**TOOL, "event_id": one, "metadata": {"n": 12345678901234567890123, "é": "\x00"}})
        for one in ids
    ]
    api.server.seed(lines)
    whole = {
        json.loads(line)["event_id"]: line for line in api.request("GET", "/_local/export").text.splitlines()
    }
    asked = [*reversed(ids), str(uuid.UUID(int=0)), "no id at all", ids[0].upper()]
    answer = api.post("/_local/export", {"event_ids": asked})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.text.splitlines() == [whole[one] for one in [*reversed(ids), ids[0]]]
    assert api.post("/_local/export", {"event_ids": []}).text == ""


@pytest.mark.parametrize(
    "wrong",
    [{}, {"event_ids": "x"}, {"event_ids": [1]}, {"event_ids": ["x"] * 10_001}],
    ids=lambda one: str(one)[:30],
)
def test_an_export_without_a_list_of_ids_is_refused(plain: Api, wrong: dict[str, Any]) -> None:
    answer = plain.post("/_local/export", wrong)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == "event_ids"


def test_the_log_can_be_read_in_parts_and_without_bodies(plain: Api) -> None:
    for number in range(5):
        plain.create(metadata={"n": number})
    log = lambda query: plain.get(f"/_local/requests{query}").json()  # noqa: E731
    assert [one["number"] for one in log("?after=2")["requests"]] == [3, 4, 5]
    assert [one["number"] for one in log("?after=1&before=4")["requests"]] == [2, 3]
    assert [one["number"] for one in log("?limit=2")["requests"]] == [4, 5]
    assert log("?limit=0") == {"requests": [], "last": 5}
    bare = log("?bodies=no&limit=1")["requests"][0]
    assert bare["body"] is None
    assert bare["size"] == len(plain.server.requests[-1].body) > 0
    plain.request("DELETE", "/_local/requests")
    assert log("") == {"requests": [], "last": 0}
    for wrong in ("after=x", "limit=-1", "before=1.5", "limit="):
        assert plain.get(f"/_local/requests?{wrong}").status_code == 400


def test_the_log_says_why_a_request_was_refused_and_hides_the_key_in_that(plain: Api) -> None:
    plain.post("/v1/events", {"event_type": KEY, "inputs": 5})
    plain.get("/v1/nothing")
    plain.create()
    first, second, third = plain.get("/_local/requests").json()["requests"]
    assert {one["path"] for one in first["errors"]} == {"event_type", "inputs"}
    assert "inputs" in first["refusal"]
    assert KEY not in json.dumps(first)
    assert second["refusal"] == "there is no path /v1/nothing"
    assert third["refusal"] is None
    assert third["errors"] == []


def test_faults_are_switched_off_by_kind(plain: Api) -> None:
    for kind in ("reset", "status", "reset"):
        plain.post("/_local/faults", {"kind": kind})
    answer = plain.get("/_local/faults").json()
    assert {"reset", "status", "latency", "rate_limit"} <= set(answer["kinds"])
    assert plain.request("DELETE", "/_local/faults?kind=reset").status_code == 200
    assert [one["kind"] for one in plain.get("/_local/faults").json()["faults"]] == ["status"]
    assert plain.request("DELETE", "/_local/faults?kind=explode").status_code == 400
