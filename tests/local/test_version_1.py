"""A file that version 1 of the store wrote: a column of text for each field."""

from __future__ import annotations

import json
import sqlite3
import uuid
from pathlib import Path
from typing import Any

from honeyhive_ext.local import LocalServer
from honeyhive_ext.local.store import schema as schema_module
from tests.support.local_api import post

TOOL: dict[str, Any] = {"event_type": "tool", "inputs": {}}


def search(server: LocalServer, field: str, operator: str, value: Any = None) -> int:
    body = {"filters": [{"field": field, "operator": operator, "value": value}]}
    return int(post(server, "/v1/events/search", body)["count"])


def test_a_file_of_version_1_is_migrated_with_every_value_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "events.db"
    ids = [str(uuid.UUID(int=n, version=4)) for n in range(4)]
    expected = version_1(file, ids)
    with LocalServer(file, repost="duplicate") as server:
        assert server.events() == expected
        page = post(server, "/v1/events/search", {})
        assert page == {"events": [expected[at] for at in (3, 2, 1, 0)], "count": 4}
        assert search(server, "metadata.tag.%", "is", "ü") == 2
        assert search(server, "metadata.tag", "is", "indexed") == 1
        assert search(server, "error", "exists") == 2
        assert search(server, "z.a", "is", 1) == 1
        assert search(server, "duration", "is", 2**70) == 1
        assert search(server, "duration", "is", 0.1 + 0.2) == 1
        post(server, f"/v1/events/{ids[0]}", {"metadata": {"more": 1}}, method="PUT")
        assert server.events()[0]["metadata"] == {**expected[0]["metadata"], "more": 1}
        post(server, "/v1/events", {**TOOL, "event_id": ids[0]})
        assert post(server, "/v1/events/search", {})["count"] == 5
    with LocalServer(file) as server:
        assert search(server, "metadata.tag.%", "is", "ü") == 2


def version_1(file: Path, ids: list[str]) -> list[dict[str, Any]]:
    """A file as version 1 wrote it, and its events."""
    kinds_then = {"event_type": "text", "inputs": "json", "event_id": "text", "session_id": "text"}
    kinds_then |= {"metadata": "json", "error": "text", "start_time": "number", "duration": "number"}
    nul, tagged, late = "\ufdd0\ufdd1\ufdd2", '{"tag.%":"ü"}', '{"start_time":"soon"}'
    rows: list[tuple[Any, ...]] = [
        (5, None, "model", '{"a":"\\\\"}', ids[0], ids[3], tagged, 'say "%s"\n' + nul, 5, 0.1 + 0.2),
        (5.0, f'{{"duration":{2**70}}}', "tool", "{}", ids[1], ids[3], "null", 0, 5.0, None),
        (7, '{"z":{"a":1},"error":5}', "tool", "[]", ids[2], ids[3], tagged, None, 7, b""),
        (7.5, late, "tool", '{"a":[1,{"b":1e300}]}', ids[3], ids[3], '{"tag":"indexed"}', None, None, -3),
    ]
    connection = sqlite3.connect(file)
    schema_module.MIGRATIONS[0](connection)
    for name, kind in kinds_then.items():
        connection.execute("INSERT INTO fields (name, kind) VALUES (?, ?)", [name, kind])
        connection.execute(f'ALTER TABLE events ADD COLUMN "f_{name}"')
    names = ",".join(["sort_time", "extra", *(f"f_{name}" for name in kinds_then)])
    connection.executemany(f"INSERT INTO events ({names}) VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
    connection.execute("CREATE UNIQUE INDEX events_by_id ON events (f_event_id, copy)")
    connection.execute("CREATE INDEX events_by_session ON events (f_session_id, sort_time)")
    connection.execute("UPDATE totals SET value = 4 WHERE name = 'events'")
    connection.execute("INSERT INTO indexed_paths (path) VALUES ('metadata.tag')")
    connection.execute("INSERT INTO indexed VALUES (1, 'indexed', 4)")
    paths = [("inputs", "a"), ("metadata", "tag.%"), ("metadata", "tag"), ("", "z"), ("", "error")]
    more = [("", ["z", "a"]), ("", ["duration"])]
    for root, steps in [*((root, [one]) for root, one in paths), *more]:
        connection.execute("INSERT INTO paths (root, path) VALUES (?, ?)", [root, json.dumps(steps)])
    connection.execute(f"PRAGMA application_id = {schema_module.APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    session = {"session_id": ids[3]}
    return [
        {"event_type": "model", "inputs": {"a": "\\"}, "event_id": ids[0], **session,
         "metadata": {"tag.%": "ü"}, "error": 'say "%s"\n\x00', "start_time": 5, "duration": 0.1 + 0.2},
        {"event_type": "tool", "inputs": {}, "event_id": ids[1], **session,
         "metadata": None, "error": None, "start_time": 5.0, "duration": 2**70},
        {"event_type": "tool", "inputs": [], "event_id": ids[2], **session,
         "metadata": {"tag.%": "ü"}, "start_time": 7, "duration": None, "z": {"a": 1}, "error": 5},
        {"event_type": "tool", "inputs": {"a": [1, {"b": 1e300}]}, "event_id": ids[3], **session,
         "metadata": {"tag": "indexed"}, "start_time": "soon", "duration": -3},
    ]  # fmt: skip
