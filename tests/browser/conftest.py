"""A real browser for the tests of the trace page: Debian's chromium, driven by playwright.

Without either, the tests are skipped and say so. `nox -s browser` installs both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from honeyhive_ext.local import LocalServer

NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = int(os.environ.get("HONEYHIVE_BROWSER_PATIENCE", "20000"))  # ms; a busy machine is no failure


def executable() -> str | None:
    """Return the browser to drive."""
    given = os.environ.get("HONEYHIVE_CHROMIUM")
    return given or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    from tests.browser.driving import driver as playwright

    path = executable()
    if path is None:
        pytest.skip("the page is not tested: there is no chromium on this machine")
    with playwright.sync_playwright() as driver:
        playwright.expect.set_options(timeout=PATIENCE)
        opened = driver.chromium.launch(executable_path=path, args=["--no-sandbox", "--js-flags=--expose-gc"])
        yield opened
        opened.close()


class Viewer:
    """The page on a server, and what it must not do: fail, or ask another host."""

    def __init__(self, page: Page, server: LocalServer) -> None:
        self.page = page
        self.server = server
        self.address = server.url
        self.problems: list[str] = []
        self.elsewhere: list[str] = []
        page.on("pageerror", lambda problem: self.problems.append(str(problem)))
        page.on("console", self._said)
        page.on("request", self._asked)
        page.on("dialog", lambda dialog: self.problems.append(f"dialog {dialog.message}"))

    def _said(self, message: Any) -> None:
        # The browser itself reports each refused request.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.problems.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def open(self, **state: str) -> Page:
        """Go to the page with this state in its address."""
        from urllib.parse import urlencode

        self.page.goto(f"{self.address}/#{urlencode(state)}")
        return self.page


@pytest.fixture
def server() -> Iterator[LocalServer]:
    """A server of this test alone: a page asks it until the browser has closed the page."""
    from honeyhive_ext.local import LocalServer

    with LocalServer() as made:
        yield made


@pytest.fixture
def make_viewer(browser: Browser) -> Iterator[Callable[..., Viewer]]:
    """Make the page on a server, with options of the browser's context."""
    made: list[Viewer] = []

    def make(server: LocalServer, **options: Any) -> Viewer:
        context = browser.new_context(
            **{"viewport": {"width": 1360, "height": 820}, "timezone_id": "UTC", **options}
        )
        context.set_default_timeout(PATIENCE)
        made.append(Viewer(context.new_page(), server))
        return made[-1]

    yield make
    for viewer in made:
        viewer.page.context.close()
    assert [one.problems for one in made if one.problems] == []
    assert [one.elsewhere for one in made if one.elsewhere] == []


@pytest.fixture
def viewer(server: LocalServer, make_viewer: Callable[..., Viewer]) -> Viewer:
    """The page on a server with an empty store."""
    return make_viewer(server)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: HONEYHIVE_PICTURES, else a temporary folder."""
    folder = Path(os.environ.get("HONEYHIVE_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
