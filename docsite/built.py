"""What is wrong with a site that was built, from the texts of its files. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import cast
from urllib.parse import unquote, urlsplit

# What a browser loads without a click. A link of another kind is only read.
_LOADED_LINKS = {
    "stylesheet",
    "icon",
    "preload",
    "modulepreload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "manifest",
}
_LOADED = {"src", "srcset", "poster", "data", "background"}
_URL = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")
_ELSEWHERE = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PROGRESS = re.compile(r"(Build (started|finished in .*)|No issues found)?")


def complaints(said: str) -> list[str]:
    """Return the lines of a build that are no progress: warnings of every library that takes part.

    >>> complaints("Build started\\ngriffe: a.py:3: no such parameter\\nBuild finished in 4.2s\\n")
    ['griffe: a.py:3: no such parameter']
    """
    return [line for line in _COLOUR.sub("", said).splitlines() if not _PROGRESS.fullmatch(line.strip())]


class Page(HTMLParser):
    """What one built page has and asks for.

    Attributes:
        anchors: The ids and names of its elements.
        links: Where a reader can go from here.
        loads: What a browser fetches to show the page.
        title: The text of its title.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take down what the element is called, leads to and loads."""
        self._inside = tag
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and "href" in given and _LOADED_LINKS & set(given.get("rel", "").lower().split()):
            self.loads.append(given["href"])
        elif tag in ("use", "image"):
            self.loads += [given["href"]] if "href" in given else []
        for name in _LOADED & given.keys():
            texts = given[name].split(",") if name == "srcset" else [given[name]]
            self.loads += [text.split()[0] for text in texts if text.strip()]
        self.loads += urls(given.get("style", ""))

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag: str) -> None:
        """Leave a style element."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Look at the text of a style element."""
        if self._inside == "style":
            self.loads += urls(data)


def urls(style: str) -> list[str]:
    """Return what a style sheet loads.

    >>> urls('@import "a.css"; body { background: url(b.png) }')
    ['a.css', 'b.png']
    """
    return [first or second for first, second in _URL.findall(style)]


def loaded_from_elsewhere(files: Mapping[str, str]) -> list[str]:
    """Return what the pages and the style sheets fetch from another host.

    Args:
        files: The text of each HTML and CSS file, by its path in the site.
    """
    found: list[str] = []
    for path, text in sorted(files.items()):
        loads = urls(text) if path.endswith(".css") else Page(text).loads
        found += [f"{path}: loads {one}" for one in loads if _ELSEWHERE.match(one)]
    return found


def broken_links(pages: Mapping[str, str], paths: set[str], site_url: str) -> list[str]:
    """Return the links and the files of the pages that lead to nothing.

    Args:
        pages: The text of each HTML file, by its path in the site.
        paths: Every file of the site.
        site_url: Its address, with a slash at the end.
    """
    parsed = {path: Page(text) for path, text in pages.items()}
    anchors = {path: page.anchors for path, page in parsed.items()}
    return [
        f"{path}: {target}: {why}"
        for path, page in sorted(parsed.items())
        for target in dict.fromkeys([*page.links, *page.loads])
        if (why := _broken(target, path, paths, anchors, site_url))
    ]


def _broken(
    target: str, path: str, paths: set[str], anchors: Mapping[str, set[str]], site_url: str
) -> str | None:
    root = urlsplit(site_url).path
    if target.startswith(site_url):
        target, path = target.removeprefix(site_url) or "index.html", "index.html"
    elif path == "404.html" and target.startswith(root):  # which a server shows at any address
        target = target.removeprefix(root) or "index.html"
    elif _ELSEWHERE.match(target) or re.match(r"[a-z]+:", target):
        return None
    parts = urlsplit(target)
    if parts.path.startswith("/"):
        return "an absolute path, which does not hold in a folder or from a file"
    goal = path
    if parts.path:
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(parts.path)))
    if goal not in paths:
        goal = posixpath.normpath(posixpath.join(goal, "index.html"))
    if goal not in paths:
        return "there is no such file"
    if parts.fragment and goal in anchors and unquote(parts.fragment) not in anchors[goal]:
        return "there is no such anchor"
    return None


def outside_the_navigation(nav: object, pages: list[str]) -> list[str]:
    """Return the pages that the navigation leaves out, and its entries that are no pages.

    Args:
        nav: `nav` of mkdocs.yml.
        pages: The Markdown files, as paths below the folder of the pages.
    """
    named = list(entries(nav))
    missing = [f"{page}: not in the navigation" for page in pages if page not in named]
    unknown = [f"{page}: in the navigation, and no such page" for page in named if page not in pages]
    twice = [f"{page}: twice in the navigation" for page in sorted(set(named)) if named.count(page) > 1]
    return [*missing, *unknown, *twice]


def entries(nav: object) -> Iterator[str]:
    """Yield the pages of a navigation, in order.

    >>> list(entries([{"Home": "index.md"}, {"Reference": ["reference/index.md", {"API": ["api.md"]}]}]))
    ['index.md', 'reference/index.md', 'api.md']
    """
    if isinstance(nav, str):
        yield nav
    elif isinstance(nav, dict):
        for value in cast("dict[str, object]", nav).values():
            yield from entries(value)
    elif isinstance(nav, list):
        for value in cast("list[object]", nav):
            yield from entries(value)


def expected(pages: list[str]) -> set[str]:
    """Return the files that a site of these pages has: each page as HTML and as Markdown, and the lists.

    >>> sorted(expected(["index.md", "reference/api.md"]))[:4]
    ['index.html', 'index.md', 'llms-full.txt', 'llms.txt']
    """
    html = {page.removesuffix(".md") + ".html" for page in pages}
    return {*pages, *html, "llms.txt", "llms-full.txt", "objects.inv", "search.json", "sitemap.xml"}
