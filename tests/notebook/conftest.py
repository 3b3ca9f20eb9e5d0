"""The notebook of examples/ and pages of traces in a browser: `nox -s notebook`.

The ordinary suite runs without these tools; nothing of this folder is collected there.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOOLS = ("nbconvert", "ipykernel", "playwright")
collect_ignore_glob = [] if all(map(importlib.util.find_spec, TOOLS)) else ["test_*.py"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium here: apt-get install chromium")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def look(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """A function that opens HTML from disk, and refuses every request that the page makes."""
    contexts: list[Any] = []
    complaints: list[str] = []

    def opened(html: str, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": 1000, "height": 700}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        path = tmp_path / f"{len(contexts)}.html"
        path.write_text(html, encoding="utf-8")
        page.on(
            "request",
            lambda request: complaints.append(request.url) if request.url != path.as_uri() else None,
        )
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
