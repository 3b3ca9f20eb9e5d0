"""The store without a server: its columns, and what a search reads."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext.local.app import App
from honeyhive_ext.local.codec import unguard
from honeyhive_ext.local.store import Draft, EventExistsError, Store, Transaction, kinds
from honeyhive_ext.local.store.group_commit import _Job
from honeyhive_ext.local.store.packed_row import event_of, part
from tests.support.local_api import core, post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}
IDS = {"event_id": {"type": "string"}, "session_id": {"type": "string"}}


def steps(app: App, body: dict[str, Any]) -> int:
    """How many instructions of SQLite a search takes."""
    taken: list[int] = []

    def count() -> None:
        taken.append(1)

    # In memory there is one connection for all.
    with app.state.store.reading() as connection:
        connection.set_progress_handler(count, 1)
    post(app, "/v1/events/search", body)
    with app.state.store.reading() as connection:
        connection.set_progress_handler(None, 1)
    return len(taken)


@pytest.mark.parametrize(
    "event",
    [
        {"inputs": {"größe": "日本"}, "metadata": {"%s": "%"}, "error": 'ü"\n', "outputs": None},
        {"event_name": "\x00" * 3, "inputs": {"a": {}}, "%b": 1, "metadata": {}, "feedback": {"é": [2**70]}},
        {"duration": 2**70, "start_time": 2**64, "config": {"a": 0.1}, "children_ids": [], "inputs": {}},
    ],
    ids=["texts", "codes and names", "integers"],
)
def test_what_a_filter_asks_of_a_field_is_exactly_the_field(event: dict[str, Any]) -> None:
    with core(switches={"validation": "lenient"}) as app:
        event_id = post(app, "/v1/events", {"event_type": "tool", **event})["event_id"]
        for change in ({}, {"metadata": {"ü": "\x00"}, "outputs": {"long": "é" * 5000}}):
            if change:
                post(app, f"/v1/events/{event_id}", change, method="PUT")
            stored = post(app, f"/v1/events/{event_id}", None, method="GET")["event"]
            with app.state.store.reading() as connection:
                for name, kind in app.state.store.rows.kinds.items():
                    if kind == "json":
                        found = connection.execute(f"SELECT {part(name)} FROM events").fetchone()[0]
                        value = json.loads(unguard(found)) if found is not None else "nothing"
                        assert value == stored.get(name, "nothing")


def test_an_unfiltered_search_reads_its_page_and_no_other_event() -> None:
    with core() as app:
        taken: list[int] = []
        for _ in range(2):
            for _ in range(5):
                post(app, "/v1/events/batch", {"events": [TOOL] * 100})
            taken.append(steps(app, {"limit": 10}))
        assert post(app, "/v1/events/search", {"limit": 10})["count"] == 1000
        assert 0 < taken[1] < taken[0] + 50  # the tree of SQLite may be deeper, and 500 events were added


def test_a_search_by_an_index_reads_its_matches_and_no_other_event() -> None:
    body = {"filters": [{"field": "metadata.tag", "operator": "is", "value": "x"}]}
    with core(index=["metadata.tag"]) as app:
        post(app, "/v1/events", {**TOOL, "metadata": {"tag": "x"}})
        taken: list[int] = []
        for _ in range(2):
            post(app, "/v1/events/batch", {"events": [{**TOOL, "metadata": {"tag": "other"}}] * 500})
            taken.append(steps(app, body))
        assert post(app, "/v1/events/search", body)["count"] == 1
        assert 0 < taken[1] < taken[0] + 50  # the tree of SQLite may be deeper, and 500 events were added


def test_a_field_that_the_document_gains_becomes_a_column(tmp_path: Path) -> None:
    properties: dict[str, Any] = dict(IDS)
    old = Store(tmp_path / "events.db", kinds({"properties": properties}))
    old.close()
    properties |= {"odd \"name'": {"type": "number"}, "tags": {"type": "array"}, "ok": {"type": "boolean"}}
    new = Store(tmp_path / "events.db", kinds({"properties": properties}))
    assert list(new.rows.kinds.values()) == ["id", "id", "number", "json", "json"]
    row, extra = new.rows.pack({"odd \"name'": 1.5, "tags": ["x"], "ok": True, "z": 1})
    assert extra == {"z": 1}
    assert event_of(row[-1]) == {"odd \"name'": 1.5, "tags": ["x"], "ok": True, "z": 1}
    with new.reading() as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(events)")]
    assert {b"f_odd \"name'", b"p_tags", b"p_ok"} <= set(names)
    new.close()


def test_a_field_keeps_its_type_and_a_value_that_does_not_fit_is_kept_too(tmp_path: Path) -> None:
    properties: dict[str, Any] = {"event_id": {"type": "string"}, "session_id": {}, "f": {"type": "number"}}
    Store(tmp_path / "events.db", kinds({"properties": properties})).close()
    store = Store(tmp_path / "events.db", kinds({"properties": {**properties, "f": {"type": "object"}}}))
    assert store.rows.kinds["f"] == "number"
    assert store.rows.pack({"f": {"a": 1}})[1] == {"f": {"a": 1}}
    store.close()


def test_an_event_that_exists_is_the_stores_own_error_and_undoes_the_work() -> None:
    store = Store(None, kinds({"properties": IDS}))

    def draft(event_id: str) -> Draft:
        event = {"event_id": event_id, "session_id": "s"}
        return Draft(event, *store.rows.pack(event), sort_time=0)

    store.write(lambda transaction: transaction.insert([draft("a")], "reject"))
    with pytest.raises(EventExistsError, match="event_id a is stored already") as caught:
        store.write(lambda transaction: transaction.insert([draft("b"), draft("a")], "reject"))
    assert caught.value.event_id == "a"
    with store.reading() as connection:
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1,)
    store.close()


def test_an_interrupt_in_a_write_loses_no_write_of_another_thread() -> None:
    store = Store(None, kinds({"properties": IDS}))
    here, results = threading.current_thread(), list[str]()

    def interrupted(_: Transaction) -> None:
        if threading.current_thread() is here:
            raise KeyboardInterrupt

    def wait(_: Transaction) -> str:
        return "written"

    with store._lock:  # both writes are in the queue before one of them begins
        other = threading.Thread(target=lambda: results.append(store.write(wait)))
        other.start()
        while not store._writing._queue:
            time.sleep(0.001)
        job = _Job(interrupted)
        store._writing._queue.append(job)
        with pytest.raises(KeyboardInterrupt):
            store._writing._commit(job)
        assert job.done
    other.join()
    assert results == ["written"]
    store.close()


def test_a_store_that_cannot_be_opened_leaves_no_connection(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(Exception, match="another program"):
        Store(file, kinds({"properties": IDS}))
    assert {one.name for one in tmp_path.iterdir()} == {"events.db"}
