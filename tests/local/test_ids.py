"""Ids compare as UUIDs: capitals change nothing, and an event keeps its ids as they were sent."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.codec import dumps
from honeyhive_ext.local.store import Draft, Store, kinds
from honeyhive_ext.local.store import schema as schema_module
from honeyhive_ext.local.store.columns import ColumnKind
from tests.support.local_api import Api, post

EVENT = "7F22137A-6911-4ED3-BC36-110F1DDE6B66"
SESSION = "CAF77ACE-3417-4DA4-944D-F4A0688F3C23"
TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
FORMS = pytest.mark.parametrize("form", [str.upper, str.lower, str.title], ids=["upper", "lower", "title"])


@FORMS
@pytest.mark.parametrize("stored", [str.upper, str.lower], ids=["sent upper", "sent lower"])
def test_an_id_is_found_in_any_case(api: Api, stored: Any, form: Any) -> None:
    event_id, session_id = stored(EVENT), stored(SESSION)
    api.create(event_id=event_id, session_id=session_id, children_ids=[event_id])
    assert api.event(form(EVENT))["event_id"] == event_id
    assert api.put(f"/v1/events/{form(EVENT)}", {"feedback": {"x": 1}}).status_code == 200
    assert api.event(event_id)["feedback"] == {"x": 1}
    for field, value in (
        ("event_id", EVENT),
        ("session_id", SESSION),
        ("parent_id", SESSION),
        ("children_ids", EVENT),
        ("children_ids.0", EVENT),
    ):
        assert api.ids((field, "is", form(value))) == [event_id]
        assert api.ids((field, "is", form(value).replace("-", ""))) == [event_id]
        assert api.ids((field, "contains", form(value)[4:12])) == [event_id]
        assert api.ids((field, "contains", form(value).replace("-", ""))) == [event_id]
        assert api.ids((field, "is not", form(value))) == []
        assert api.ids((field, "is", str(uuid.uuid4()))) == []
        assert api.ids((field, "greater than", form(value))) == []
        assert api.ids((field, "less than", form(value))) == []
    other = f"/v1/sessions/{form(SESSION)}/events/batch"
    assert api.post(other, {"events": [TOOL]}).status_code == 200
    assert api.search(("session_id", "is", SESSION))["count"] == 2


@FORMS
@pytest.mark.parametrize("place", ["evaluation_id", "run_id"])
def test_the_events_of_an_evaluation_are_found_in_any_case(plain: Api, place: str, form: Any) -> None:
    event_id = plain.create(metadata={place: EVENT})
    plain.create(metadata={place: SESSION})
    assert plain.ids(evaluation_id=form(EVENT)) == [event_id]
    assert plain.ids(evaluation_id=form(EVENT).replace("-", "")) == [event_id]


def test_the_name_of_an_evaluation_compares_as_it_is(plain: Api) -> None:
    plain.create(metadata={"run_id": "Run-1"})
    assert plain.ids(evaluation_id="run-1") == []


@FORMS
@pytest.mark.parametrize("repost", ["replace", "merge", "duplicate", "reject"])
def test_an_id_that_is_posted_again_in_another_case_is_the_same_event(
    plain: Api, repost: str, form: Any
) -> None:
    plain.server.configure(repost=repost)
    plain.create(event_id=EVENT, metadata={"n": 1})
    body = {**TOOL, "event_id": form(EVENT), "metadata": {"m": 2}}
    answer = plain.post("/v1/events/batch", {"events": [body]})
    assert answer.status_code == (409 if repost == "reject" else 200)
    found = plain.search(("event_id", "is", EVENT))["events"]
    assert len(found) == (2 if repost == "duplicate" else 1)
    if repost != "reject":
        assert found[0]["event_id"] == form(EVENT)
        assert found[0]["metadata"] == ({"n": 1, "m": 2} if repost == "merge" else {"m": 2})


def test_one_batch_with_an_id_in_two_cases_stores_one_event(plain: Api) -> None:
    batch = [{**TOOL, "event_id": EVENT}, {**TOOL, "event_id": EVENT.lower()}]
    assert plain.post("/v1/events/batch", {"events": batch}).status_code == 200
    assert plain.ids() == [EVENT.lower()]


def test_a_session_that_is_started_again_in_another_case_is_merged(plain: Api) -> None:
    for form, metadata in ((SESSION, {"a": 1}), (SESSION.lower(), {"b": 2})):
        body = {"session_id": form, "session_name": "app", "metadata": metadata}
        assert plain.post("/v1/sessions", body).status_code == 200
    (found,) = plain.search()["events"]
    assert (found["session_id"], found["metadata"]) == (SESSION, {"a": 1, "b": 2})
    assert plain.get("/_local/stats").json()["sessions"] == 1


def test_a_session_posted_with_one_id_in_two_cases_is_the_root_of_its_trace(plain: Api) -> None:
    plain.create(event_type="session", event_id=EVENT, session_id=EVENT.lower())
    assert "parent_id" not in plain.event(EVENT)


def test_an_index_on_a_field_of_ids_finds_them_in_any_case() -> None:
    with LocalServer(index=["parent_id", "children_ids"]) as server:
        post(server, "/v1/events", {**TOOL, "parent_id": EVENT, "children_ids": [SESSION.lower()]})
        for field, value in (("parent_id", EVENT), ("children_ids", SESSION)):
            for form in (value, value.lower(), value.replace("-", "")):
                asked = {"filters": [{"field": field, "operator": "is", "value": form}]}
                assert post(server, "/v1/events/search", asked)["count"] == 1


@pytest.mark.parametrize("text", [EVENT.replace("-", ""), f"{{{EVENT}}}", f"urn:uuid:{EVENT}", EVENT[:-1]])
def test_an_id_in_another_form_is_refused_in_bodies_and_paths(plain: Api, text: str) -> None:
    assert plain.post("/v1/events", {**TOOL, "event_id": text}).status_code == 400
    assert plain.get(f"/v1/events/{text}").status_code == 400


def test_a_file_of_version_2_is_migrated_and_no_event_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "events.db"
    texts = ("event_id", "session_id", "parent_id", "event_type", "Tag")
    old: dict[str, ColumnKind] = {**dict.fromkeys(texts, "text"), "metadata": "json"}
    with monkeypatch.context() as patch:
        patch.setattr(schema_module, "MIGRATIONS", schema_module.MIGRATIONS[:2])
        patch.setattr("honeyhive_ext.local.store.columns._CAPITAL", re.compile("(?!)"))
        patch.setattr("honeyhive_ext.local.store.sessions.SessionChanges.write", lambda *_: None)
        store = Store(file, old, index=["metadata.tags"])
        drafts: list[Draft] = []
        for at, event_id in enumerate((EVENT, EVENT.lower(), str(uuid.uuid4()))):
            event = {
                "event_id": event_id,
                "session_id": SESSION,
                "event_type": "tool",
                "Tag": f"t{at}",
                "metadata": {"tags": ["a", f"n{at}"]},
                "start_time": at,
            }
            drafts.append(Draft(event, *store.rows.pack(event), sort_time=at))
        store.write(lambda transaction: transaction.insert(drafts, "replace"))
        store.close()
    with LocalServer(file, validation="lenient") as server:
        assert [event["Tag"] for event in server.events()] == ["t0", "t1", "t2"]
        for field, value, count in (
            ("event_id", EVENT.title(), 2),
            ("session_id", SESSION.lower(), 3),
            ("Tag", "t1", 1),
            ("metadata.tags", "n2", 1),
            ("metadata.tags", "a", 3),
        ):
            asked = {"filters": [{"field": field, "operator": "is", "value": value}]}
            assert post(server, "/v1/events/search", asked)["count"] == count, field
        newest = post(server, f"/v1/events/{EVENT}", None, method="GET")["event"]
        assert newest["event_id"] == EVENT.lower()
        post(server, "/v1/events", {**TOOL, "event_id": EVENT, "event_name": dumps("new")})
        assert len(server.events()) == 3


def test_fields_that_differ_in_case_only_are_two_fields(tmp_path: Path) -> None:
    properties: dict[str, Any] = {name: {"type": "string"} for name in ("event_id", "session_id")}
    properties |= {"tag": {"type": "string"}, "Tag": {"type": "string"}, "TAG": {"type": "number"}}
    properties |= {"^tag": {"type": "string"}, "data": {"type": "object"}, "Data": {"type": "object"}}
    event = {
        "event_id": EVENT,
        "session_id": SESSION,
        "tag": "a",
        "Tag": "b",
        "TAG": 3,
        "^tag": "d",
        "data": {"x": 1},
        "Data": {"x": 2},
    }
    for _ in range(2):  # a new file, and the same file again
        store = Store(tmp_path / "events.db", kinds({"properties": properties}))
        draft = Draft(event, *store.rows.pack(event), sort_time=0)
        store.write(lambda transaction, draft=draft: transaction.insert([draft], "replace"))
        with store.reading() as connection:
            row = connection.execute('SELECT "f_tag", "f_^tag", "f_^t^a^g", "f_^^tag" FROM events').fetchone()
            assert row == (b"a", b"b", 3, b"d")
        store.close()
