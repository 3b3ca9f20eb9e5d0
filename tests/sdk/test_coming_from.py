"""The section of docs/coming-from.md on the official SDK: its names are there, and its example runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "coming-from.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## The official SDK\n")[2].partition("\n## ")[0]
OF_THE_CLIENT = re.compile(r"^\| `(?:HoneyHive\(\)\.)?((?:events|sessions)\.\w+)\(", re.M)


def test_the_table_names_calls_that_the_client_has() -> None:
    from honeyhive import HoneyHive

    client = HoneyHive(api_key="hh_any", server_url="http://127.0.0.1:9")
    calls = OF_THE_CLIENT.findall(SECTION)
    assert len(calls) > 5
    for call in calls:
        room, name = call.split(".")
        assert callable(getattr(getattr(client, room), name)), call


def test_the_table_names_what_the_sdk_exports() -> None:
    import honeyhive

    for name in ("trace", "atrace", "trace_class", "enrich_span", "HoneyHiveTracer"):
        assert f"{name}" in SECTION
        assert callable(getattr(honeyhive, name))
    assert all(hasattr(honeyhive.HoneyHiveTracer, name) for name in ("enrich_session", "flush", "init"))


# The tracer starts its sessions in a form that its own client warns about.
@pytest.mark.filterwarnings("ignore:Passing a flat session payload:DeprecationWarning")
def test_a_span_of_this_package_belongs_to_the_session_of_the_sdk(honeyhive_local: LocalServer) -> None:
    code = re.findall(r"```python\n(.*?)```", SECTION, re.S)[0]
    names: dict[str, Any] = {}
    exec(compile(code, "coming-from.md", "exec"), names)
    tracer = names["tracer"]
    try:
        stored = {event["event_name"]: event["session_id"] for event in honeyhive_local.events()}
        assert stored == {"chat": tracer.session_id, "answer": tracer.session_id}
    finally:
        tracer.shutdown()
