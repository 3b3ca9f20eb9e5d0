"""What the links of a page become on the site, and which of them lead to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsite import built, pages
from docsite.build import ROOT, config, stage

HOME = "https://example.org/project"
FILES = ["docs/tracing.md", "docs/reference/index.md", "docs/images/trace.png", "SECURITY.md", "openapi.yaml"]
PLACES = pages.placed(FILES)


def on_the_site(text: str, source: str = "docs/tracing.md") -> str:
    page = pages.rewritten(text, source, PLACES, FILES.__contains__, HOME)
    assert page.broken == []
    return page.text


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("[a](reference/index.md#x)", "[a](reference/index.md#x)"),
        ("[a](../SECURITY.md#keys)", "[a](maintainers/security.md#keys)"),
        ("[`a`](../openapi.yaml)", f"[`a`]({HOME}/blob/main/openapi.yaml)"),
        ("![a](images/trace.png)", "![a](images/trace.png)"),
        ('<img src="images/trace.png">', '<img src="images/trace.png">'),
        ("[a]: ../SECURITY.md", "[a]: maintainers/security.md"),
        (f"[a]({HOME}/blob/main/docs/reference/index.md)", "[a](reference/index.md)"),
        ("[a](#errors)", "[a](#errors)"),
        ("[a](https://example.com/missing.md)", "[a](https://example.com/missing.md)"),
        ("[a](mailto:someone)", "[a](mailto:someone)"),
        ("`[a](missing.md)`", "`[a](missing.md)`"),
        ("```\n[a](missing.md)\n```", "```\n[a](missing.md)\n```"),
        ("- x\n\n  ```python\n  [a](missing.md)\n  ```\n", "- x\n\n  ```python\n  [a](missing.md)\n  ```\n"),
        ("~~~~\n```\n[a](missing.md)\n~~~~", "~~~~\n```\n[a](missing.md)\n~~~~"),
        ("``a ` [b](missing.md)``", "``a ` [b](missing.md)``"),
    ],
)
def test_a_link_holds_on_the_site(link: str, expected: str) -> None:
    assert on_the_site(link) == expected


def test_a_page_that_moves_keeps_its_links() -> None:
    text = on_the_site(
        "[a](docs/tracing.md#errors) [b](docs/images/trace.png) [c](openapi.yaml)", "SECURITY.md"
    )
    assert text == f"[a](../tracing.md#errors) [b](../images/trace.png) [c]({HOME}/blob/main/openapi.yaml)"


@pytest.mark.parametrize(
    "link",
    [
        "[a](missing.md)",
        "[a](reference/missing.md#x)",
        "[a][b]\n\n[b]: missing.md",
        "![a](images/missing.png)",
        '<img src="images/missing.png" alt="a">',
        f"[a]({HOME}/blob/main/docs/missing.md)",
        f"[a]({HOME}/tree/main/missing)",
        "[a](../../outside.md)",
        "text ``` [a](missing.md)",
    ],
)
def test_a_link_that_leads_to_nothing_is_named(link: str) -> None:
    assert len(pages.rewritten(link, "docs/tracing.md", PLACES, FILES.__contains__, HOME).broken) == 1


def test_staging_copies_the_pages_and_names_what_is_broken_in_them_and_in_the_readme(tmp_path: Path) -> None:
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "docs" / "index.md").write_text("[a](../SECURITY.md) [b](gone.md)")
    (tmp_path / "docs" / "images" / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "SECURITY.md").write_text("[a](docs/index.md)")
    (tmp_path / "README.md").write_text(f"[a](docs/index.md) [b]({HOME}/blob/main/docs/gone.md)")
    (tmp_path / "outside.md").write_text("")
    goal = tmp_path / "staged"
    (goal / "old").mkdir(parents=True)
    assert stage(tmp_path, goal, HOME) == [
        "docs/index.md: gone.md: there is no such file",
        f"README.md: {HOME}/blob/main/docs/gone.md: there is no such file",
    ]
    files = sorted(path.relative_to(goal).as_posix() for path in goal.rglob("*") if path.is_file())
    assert files == ["images/a.png", "index.md", "maintainers/security.md"]
    assert (goal / "index.md").read_text() == "[a](maintainers/security.md) [b](gone.md)"
    assert (goal / "maintainers" / "security.md").read_text() == "[a](../index.md)"
    assert not (goal / "old").exists()


def test_every_page_of_the_repository_is_in_the_navigation() -> None:
    places = pages.placed(pages.load(ROOT)).values()
    assert built.outside_the_navigation(config()["nav"], [one for one in places if one.endswith(".md")]) == []
