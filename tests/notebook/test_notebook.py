"""The notebook of examples/ runs, and shows drawings and tables that a reader can open."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "examples" / "notebook" / "looking_at_a_trace.ipynb"
SCRIPT = re.compile(r"<script\b.*?</script>", re.S)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the notebook after its run, as a notebook and as HTML."""
    folder = tmp_path_factory.mktemp("notebook")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    convert = [sys.executable, "-m", "nbconvert", "--output-dir", str(folder), "--to"]
    run = [*convert, "notebook", "--execute", str(NOTEBOOK)]
    for command in (run, [*convert, "html", str(folder / NOTEBOOK.name)]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def outputs(folder: Path) -> list[dict[str, Any]]:
    notebook = json.loads((folder / NOTEBOOK.name).read_text("utf-8"))
    return [one for cell in notebook["cells"] for one in cell.get("outputs", [])]


def test_the_checked_in_notebook_has_no_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text("utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


def test_every_cell_runs_and_values_have_html_and_one_line_of_text(ran: Path) -> None:
    found = outputs(ran)
    assert not [one for one in found if one["output_type"] == "error"]
    assert not [one for one in found if one.get("name") == "stderr"]
    results = [one["data"] for one in found if one["output_type"] == "execute_result"]
    assert len(results) == 5
    for data in results:
        assert "hh-view" in "".join(data["text/html"])
        assert "\n" not in "".join(data["text/plain"])


def test_the_progress_bar_is_a_widget(ran: Path) -> None:
    bars = [one["data"] for one in outputs(ran) if one["output_type"] == "display_data"]
    assert ["application/vnd.jupyter.widget-view+json" in bar for bar in bars] == [True]


def test_a_reader_sees_the_tree_and_opens_an_event(
    ran: Path, look: Callable[..., Page], request: pytest.FixtureRequest
) -> None:
    html = (ran / NOTEBOOK.with_suffix(".html").name).read_text("utf-8")
    page = look(SCRIPT.sub("", html))  # nbconvert's own scripts come from elsewhere; our drawings need none
    assert page.get_by_text("error: LookupError: no such city: Atlantis").first.is_visible()
    fields = page.locator(".hh-node", has_text="weather").last
    fields.locator("summary").first.click()
    assert page.get_by_text("Atlantis").nth(2).is_visible()
    cell = page.locator(".hh-view td").first
    assert cell.evaluate("e => getComputedStyle(e).textAlign") == "left"
    if folder := os.environ.get("HONEYHIVE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "notebook.png", full_page=True)
