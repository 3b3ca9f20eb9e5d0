"""Faults that are planted in built pages are found."""

from __future__ import annotations

import pytest

from docsite import built

SITE = "https://example.org/project/"


def loads(html: str) -> list[str]:
    return built.loaded_from_elsewhere({"index.html": html})


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example.com/a.js"></script>',
        '<script src="//cdn.example.com/a.js"></script>',
        '<link rel="stylesheet" href="https://fonts.example.com/css">',
        '<link rel="shortcut icon" href="https://example.com/a.ico">',
        '<link href="https://fonts.example.com" rel="preconnect" crossorigin>',
        '<img alt="" src="HTTP://example.com/a.png">',
        '<img alt="" srcset="a.png 1x, https://example.com/a.png 2x">',
        "<iframe src='https://example.com/'></iframe>",
        '<video poster="https://example.com/a.png"></video>',
        '<object data="https://example.com/a.svg"></object>',
        '<svg><use href="https://example.com/a.svg#b"/></svg>',
        "<p style=\"background: url('https://example.com/a.png')\"></p>",
        "<style>@import 'https://example.com/a.css';</style>",
        "<style>body { background: url(//example.com/a.png) }</style>",
    ],
)
def test_what_a_page_would_fetch_from_another_host_is_named(html: str) -> None:
    assert len(loads(html)) == 1


@pytest.mark.parametrize(
    "html",
    [
        '<a href="https://example.com/">a link that a reader clicks</a>',
        '<link rel="canonical" href="https://example.com/">',
        '<link rel="alternate" href="https://example.com/feed">',
        '<script src="assets/a.js"></script><link rel="stylesheet" href="../a.css">',
        '<img alt="" src="data:image/png;base64,//8=">',
        '<p>url(https://example.com/a.png)</p><code>@import "https://example.com/a.css"</code>',
        "<style>a { color: red }</style><p>url(https://example.com/a.png)</p>",
    ],
)
def test_what_stays_on_the_site_is_not_named(html: str) -> None:
    assert loads(html) == []


def test_style_sheets_are_looked_at_too() -> None:
    files = {"a.css": "@import url(https://example.com/b.css); p { background: url('c.png') }"}
    assert built.loaded_from_elsewhere(files) == ["a.css: loads https://example.com/b.css"]


PAGES = {
    "index.html": '<h1 id="top">a</h1>',
    "guide/index.html": '<h2 id="grüße">a</h2><a name="old"></a>',
    "reference/api.html": "",
}
FILES = {*PAGES, "images/a b.png"}


def broken(html: str, path: str = "reference/api.html") -> list[str]:
    return [line.rpartition(": ")[2] for line in built.broken_links(PAGES | {path: html}, FILES, SITE)]


@pytest.mark.parametrize(
    "link",
    [
        '<a href="../index.html#top">a</a>',
        '<a href="../guide/#gr%C3%BC%C3%9Fe">a</a>',
        '<a href="../guide/#old">a</a>',
        '<a href="../guide">a</a>',
        '<a href="#here">a</a><b id="here"></b>',
        '<img alt="" src="../images/a%20b.png">',
        f'<a href="{SITE}guide/#old">a</a>',
        f'<a href="{SITE}">a</a>',
        '<a href="https://example.com/missing">a</a>',
        '<a href="mailto:someone">a</a>',
        '<a href="..">a</a>',
        '<a href="">a</a>',
    ],
)
def test_a_link_that_holds_is_not_named(link: str) -> None:
    assert broken(link) == []


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ('<a href="missing.html">a</a>', "there is no such file"),
        ('<a href="../guide/#gone">a</a>', "there is no such anchor"),
        ('<a href="#gone">a</a>', "there is no such anchor"),
        ('<img alt="" src="missing.png">', "there is no such file"),
        ('<link rel="stylesheet" href="missing.css">', "there is no such file"),
        (f'<a href="{SITE}missing/">a</a>', "there is no such file"),
        ('<a href="../../outside.html">a</a>', "there is no such file"),
        ('<a href="/guide/">a</a>', "an absolute path, which does not hold in a folder or from a file"),
    ],
)
def test_a_link_that_leads_to_nothing_is_named(link: str, why: str) -> None:
    assert broken(link) == [why]


def test_pages_and_navigation_are_compared_both_ways() -> None:
    nav = [{"Home": "index.md"}, {"More": ["a.md", {"B": "a.md"}, {"C": "gone.md"}]}]
    assert built.outside_the_navigation(nav, ["index.md", "a.md", "lost.md"]) == [
        "lost.md: not in the navigation",
        "gone.md: in the navigation, and no such page",
        "a.md: twice in the navigation",
    ]
    assert built.outside_the_navigation(["index.md"], ["index.md"]) == []


def test_the_page_for_missing_pages_may_name_addresses_of_the_site_and_only_those() -> None:
    links = '<a href="/project/guide/#old">a</a><a href="/project/gone.html">a</a><a href="/guide/">a</a>'
    assert broken(links, "404.html") == [
        "there is no such file",
        "an absolute path, which does not hold in a folder or from a file",
    ]
