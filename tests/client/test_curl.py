"""The curl commands of the guides, run as they stand against the local server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.client.test_docs import FENCE, PAGES
from tests.support.contract import document

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

# The ids in the guide.
EVENT = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"


def commands(page: Path) -> str:
    """The shell blocks of a page that call curl, as one program."""
    blocks = [match.group(4) for match in FENCE.finditer(page.read_text("utf-8")) if match.group(2) == "sh"]
    return "\n".join(block for block in blocks if "curl" in block)


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)], ids=lambda page: page.name)
def test_the_curl_commands_of_the_page_work(page: Path, server: LocalServer, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    assert shutil.which("curl") is not None
    environment = {**os.environ, "HH_API_KEY": "hh_docs", "HH_API_URL": server.url, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        [bash, "-euo", "pipefail", "-c", commands(page)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{page.name}:\n{done.stdout}\n{done.stderr}"
    assert {request.status for request in server.requests} == {200}


def test_curl_calls_every_operation_and_finds_what_it_stored(server: LocalServer, tmp_path: Path) -> None:
    (page,) = (page for page in PAGES if page.name == "local-server.md")
    test_the_curl_commands_of_the_page_work(page, server, tmp_path)
    called = {(request.method, request.path) for request in server.requests}
    for path, item in document()["paths"].items():
        filled = path.replace("{event_id}", EVENT).replace("{session_id}", SESSION)
        assert {(method.upper(), filled) for method in item.keys() - {"parameters"}} <= called
    (found,) = (request for request in server.requests if request.path == "/v1/events/search")
    assert found.json()["filters"][0]["value"] == 0.01
    (event,) = (event for event in server.events() if event["event_id"] == EVENT)
    assert event["feedback"] == {"rating": 5}
