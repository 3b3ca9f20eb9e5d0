"""A tree as a dict, as JSON, as a page in a browser; its repr and its copies."""

from __future__ import annotations

import copy
import errno
import json
import pickle
import stat
import webbrowser
from pathlib import Path
from typing import Any

import orjson
import pytest

from honeyhive_ext.views.drawing import DEEPEST
from tests.support.traces import tree_of

CHAIN = [{"event_id": str(n), "parent_id": str(n - 1) if n else None, "start_time": n} for n in range(10_000)]


def depths(node: dict[str, Any]) -> list[int]:
    return [node["depth"], *(depth for child in node["children"] for depth in depths(child))]


def test_a_dict_has_each_event_as_it_came_below_its_parent() -> None:
    events = [
        {"event_id": "a", "x": [1]},
        {"event_id": "b", "parent_id": "A"},
        {"event_id": "c", "parent_id": "?"},
    ]
    assert tree_of(*events).to_dict() == {
        "session_id": "s",
        "roots": [
            {
                "event": events[0],
                "depth": 0,
                "mark": "",
                "children": [{"event": events[1], "depth": 1, "mark": "", "children": []}],
            },
            {"event": events[2], "depth": 0, "mark": "orphan", "children": []},
        ],
    }


def test_json_of_a_chain_of_ten_thousand_steps_is_read_by_every_parser() -> None:
    text = tree_of(*CHAIN).to_json()
    root = json.loads(text)["roots"][0]
    assert depths(root) == [*range(10_000)]
    assert orjson.loads(text) == orjson.loads(orjson.dumps(tree_of(*CHAIN).to_dict()))


def test_siblings_below_the_deepest_nested_level_stay_in_tree_order() -> None:
    events = [*CHAIN[: DEEPEST + 3], {"event_id": "x", "parent_id": str(DEEPEST), "start_time": 99_999}]
    found = depths(tree_of(*events).to_dict()["roots"][0])
    assert found == [*range(DEEPEST + 3), DEEPEST + 1]


def test_a_deep_tree_is_copied_and_pickled() -> None:
    tree = tree_of(*CHAIN[:2_000])
    for other in (copy.deepcopy(tree), copy.copy(tree), pickle.loads(pickle.dumps(tree))):
        assert other.draw() == tree.draw()


def test_a_repr_is_one_short_line() -> None:
    tree = tree_of({"event_name": "a\nb", "error": "no"}, {"event_id": "b"})
    assert repr(tree) == "<TraceTree s: a\\nb, 2 events, 1 error>"
    assert repr(tree_of()) == "<TraceTree s: no events>"
    assert repr(tree.roots[0]) == "<Node a\\nb: depth=0, children=0>"


def test_a_format_is_plain_text() -> None:
    assert f"{tree_of({'event_name': 'a', 'duration': 1})}" == "a  1 ms"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", lambda url: found.append(url) or True)
    return found


def test_open_writes_a_private_page_and_shows_it(opened: list[str]) -> None:
    tree = tree_of({"event_name": "plan \ud800 é"})
    path = tree.open()
    assert opened == [path.as_uri()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text("utf-8") == tree.to_html()
    assert tree.open() != path


def test_open_returns_the_path_where_no_browser_can_be_started(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(url: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "open", refuse)
    assert tree_of({"event_name": "plan"}).open().exists()


def test_open_leaves_no_file_on_a_full_disk(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*args: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        tree_of({"event_name": "plan"}).open()
    assert [*tmp_path.iterdir()] == []
    assert opened == []
