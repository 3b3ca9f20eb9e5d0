"""Every link of the README and the guides leads to a file of the tree, and to a heading that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    ROOT / "benchmarks" / "README.md",
]
CODE = re.compile(r"^ *```.*?^ *```", re.M | re.S)
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(#[^)]*)?\)", re.S)
# PyPI shows the README without the tree around it. So its links are absolute, and lead to files of the tree.
REPOSITORY = "https://github.com/honeyhive-ext/honeyhive-ext"
ABSOLUTE = re.compile(rf"{re.escape(REPOSITORY)}/(blob|raw|tree)/main/([^\s)>\"'#\]]+)(#[\w-]+)?")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of the headings of a page, and those of the objects that it describes."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.M)
    }
    return {f"#{name}" for name in headings | set(re.findall(r"^::: (\S+)$", text, re.M))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for path, anchor in LINK.findall(CODE.sub("", page.read_text(encoding="utf-8"))):
        goal = (page.parent / path).resolve() if path else page
        assert goal.exists(), path
        if anchor:
            assert anchor in anchors(goal), (path, anchor)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_absolute_link_to_this_repository_leads_to_a_file_of_the_tree(page: Path) -> None:
    for kind, path, anchor in ABSOLUTE.findall(page.read_text(encoding="utf-8")):
        goal = ROOT / path
        assert goal.is_dir() if kind == "tree" else goal.is_file(), path
        assert not anchor or anchor in anchors(goal), (path, anchor)
        assert (goal.suffix == ".png") == (kind == "raw"), f"{path}: pictures are raw, pages are not"


def test_every_link_of_the_readme_is_absolute() -> None:
    text = CODE.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert not LINK.findall(text)
    assert len(ABSOLUTE.findall(text)) > 10
    assert text.count(REPOSITORY) == len(ABSOLUTE.findall(text))


def test_every_promise_of_the_readme_names_its_tests() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("| promise | tested in |")[2].partition("\n\n")[0]
    promises = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(promises) > 5
    for promise in promises:
        _, path, _ = ABSOLUTE.findall(promise)[0]
        assert "def test_" in (ROOT / path).read_text(encoding="utf-8") or path == "SECURITY.md", promise
