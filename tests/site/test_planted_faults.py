"""A small site is built as the whole one is, and each fault that is planted in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from docsite.build import INTERFACE, ROOT, problems_of

pytest.importorskip("zensical", reason="no site is built: zensical is not installed")
YAML = pytest.importorskip("ruamel.yaml").YAML

CODE = '''"""A sample."""


def add(number: int) -> int:
    """Return one more.

    Args:
        number: A number.

    >>> add(1)
    2
    """
    return number + 1
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with a package, two pages, and the settings of this one."""
    reader = YAML()
    settings = reader.load((ROOT / "mkdocs.yml").read_text("utf-8"))
    settings["nav"] = [{"Home": "index.md"}, {"Reference": "reference.md"}]
    settings["theme"]["custom_dir"] = str(ROOT / "docsite" / "theme")
    for plugin in settings["plugins"]:
        if "mkdocstrings" in plugin:
            python = plugin["mkdocstrings"]["handlers"]["python"]
            python["paths"] = ["."]
            python["options"] |= {
                "extensions": [str(ROOT / "docsite" / "docstrings.py")],
                "preload_modules": [],
            }
        if "llmstxt" in plugin:
            plugin["llmstxt"]["sections"] = {"All": ["*.md"]}
    reader.dump(settings, tmp_path / "mkdocs.yml")
    files = {
        "docs/index.md": "# Home\n\nSee [add](reference.md#sample.add).\n",
        "docs/reference.md": "# Reference\n\n::: sample\n",
        "sample.py": CODE,
        INTERFACE: "# recorded\nsample.add(number: int) -> int\n",
        "README.md": "[Home](docs/index.md)",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")


def test_a_site_without_a_fault_has_all_its_files(project: Path) -> None:
    assert problems_of(project) == []
    site = project / "build" / "site"
    assert "Return one more." in (site / "reference.md").read_text("utf-8")
    assert "reference.md" in (site / "llms.txt").read_text("utf-8")
    assert "Return one more." in (site / "llms-full.txt").read_text("utf-8")
    assert "&gt;&gt;&gt;" in (site / "reference.html").read_text("utf-8")


def test_every_fault_that_is_planted_is_named(project: Path) -> None:
    append(project / "README.md", " [gone](docs/from-readme.md)")
    append(project / "docs" / "index.md", "\n[a](gone.md) [b](reference.md#gone) [c][sample.gone]\n")
    append(project / "docs" / "index.md", '\n<script src="https://cdn.example.com/a.js"></script>\n')
    (project / "docs" / "lost.md").write_text("# Lost\n", "utf-8")
    (project / "sample.py").write_text(CODE.replace("number: A", "figure: A"), "utf-8")
    append(project / INTERFACE, "sample.less(number: int) -> int\n")
    problems = problems_of(project)
    for wanted in (
        "README.md: docs/from-readme.md: there is no such file",
        "docs/index.md: gone.md: there is no such file",
        "index.html: reference.html#gone: there is no such anchor",
        "lost.md: not in the navigation",
        "index.html: loads https://cdn.example.com/a.js",
        "sample.less: no entry in the reference",
    ):
        assert any(line.replace("./", "") == wanted for line in problems), (wanted, problems)
    said = "\n".join(problems)
    assert "Parameter 'figure' does not appear in the function signature" in said
    assert "sample.gone" in said


def test_a_page_that_names_code_that_is_not_there_is_a_failure(project: Path) -> None:
    append(project / "docs" / "reference.md", "\n::: sample.gone\n")
    assert any("sample.gone" in line for line in problems_of(project))


def test_a_page_that_is_in_no_section_of_llms_txt_has_no_markdown_and_is_a_failure(project: Path) -> None:
    settings = (project / "mkdocs.yml").read_text("utf-8")
    assert "'*.md'" in settings
    (project / "mkdocs.yml").write_text(settings.replace("'*.md'", "index.md"), "utf-8")
    assert problems_of(project) == ["reference.md: not built"]
