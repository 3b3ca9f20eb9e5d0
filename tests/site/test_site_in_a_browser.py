"""The built site in a real browser: nothing fails or comes from elsewhere, search finds, nothing is cut.

`nox -s docs` builds the site first. HONEYHIVE_PICTURES names a folder for pictures of some pages.
"""

from __future__ import annotations

import functools
import http.server
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from docsite.build import config
from tests.browser.conftest import PATIENCE, executable
from tests.browser.driving import driver, expect

if TYPE_CHECKING:
    from tests.browser.driving import Page

SITE = Path(__file__).resolve().parents[2] / config()["site_dir"]
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
LOOKED_AT = [
    "index.html",
    "tracing.html",
    "reference/clients.html",
    "reference/environment.html",
    "cli-reference.html",
]
SIZES = {"wide": {"width": 1360, "height": 820}, "narrow": {"width": 390, "height": 820}}
# What makes a page wider than its window, but for what scrolls by itself.
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
NOT_LOADED = (
    "() => [...document.images].filter((one) => one.complete && !one.naturalWidth).map((one) => one.src)"
)

pytestmark = pytest.mark.skipif(not PAGES, reason="there is no site: `nox -s docs` builds it")


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The site on a server, below the path that it has on the web."""
    top, below = tmp_path_factory.mktemp("served"), urlsplit(config()["site_url"]).path.strip("/")
    (top / below).symlink_to(SITE)
    handler = functools.partial(Handler, directory=str(top))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{below}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = executable()
    if path is None:
        pytest.skip("the site is not looked at: there is no chromium on this machine")
    with driver.sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


class Visit:
    """A tab, and what it complained of and asked for elsewhere."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.problems: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda problem: self.problems.append(str(problem)))
        page.on("request", self._asked)
        page.on("console", self._said)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.problems.append(f"asked {request.url}")

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        return self.page


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    contexts: list[Any] = []

    def start(size: str = "wide", scheme: str = "light", at: str = address) -> Visit:
        contexts.append(browser.new_context(viewport=SIZES[size], color_scheme=scheme))
        return Visit(contexts[-1].new_page(), at)

    yield start
    for context in contexts:
        context.close()


def test_no_page_fails_or_asks_another_host(visit: Any) -> None:
    tab = visit()
    for path in PAGES:
        page = tab.open(path)
        assert page.evaluate(NOT_LOADED) == [], path
    assert tab.problems == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_into_the_window_in_the_colours_of_the_system(
    visit: Any, tmp_path: Path, size: str, scheme: str
) -> None:
    folder = Path(os.environ.get("HONEYHIVE_PICTURES") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    tab = visit(size, scheme)
    for path in LOOKED_AT:
        page = tab.open(path)
        assert page.evaluate(TOO_WIDE) <= 0, path
        background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        red, *_ = (float(one) for one in re.findall(r"[\d.]+", background))
        assert (red < 128) is (scheme == "dark"), (path, background)
        page.screenshot(
            path=folder / f"site-{path.removesuffix('.html').replace('/', '-')}-{size}-{scheme}.png"
        )
    assert tab.problems == []


def test_the_home_page_shows_the_picture_of_its_colours(visit: Any) -> None:
    for scheme, other in (("light", "dark"), ("dark", "light")):
        page = visit(scheme=scheme).open("index.html")
        expect(page.locator(f"img.{scheme}")).to_be_visible()
        expect(page.locator(f"img.{other}")).to_be_hidden()


@pytest.mark.parametrize("kind", ["http", "file"])
def test_search_finds_a_word(visit: Any, address: str, kind: str) -> None:
    tab = visit(at=address if kind == "http" else SITE.as_uri())
    page = tab.open("index.html")
    page.keyboard.press("/")
    page.keyboard.type("PaginationIncomplete")
    expect(page.get_by_role("option").filter(has_text="PaginationIncomplete").first).to_be_visible()
    assert tab.problems == []
