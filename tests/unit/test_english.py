"""README, guides, changelog and public docstrings are plain English: usual words, short sentences."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.english import findings, findings_of_docstring
from tests.support.signatures import PUBLIC, public_names

ROOT = Path(__file__).resolve().parents[2]
FIGURES = {"docs/performance.md", "docs/local-server.md"}  # what they measured is what they are about
PAGES = [
    page
    for page in [
        *sorted(ROOT.glob("*.md")),
        *sorted((ROOT / "docs").rglob("*.md")),
        *sorted((ROOT / "examples").rglob("*.md")),
    ]
    if page.name != "CHANGELOG.md"
]


def public_docstrings() -> Iterator[tuple[str, str]]:
    """Yield the name and the docstring of each public thing, and of its members."""
    for module_name, names in PUBLIC.items():
        if not module_name.startswith("honeyhive_ext"):
            continue
        module = importlib.import_module(module_name)
        yield module_name, module.__doc__ or ""
        for name in public_names(module) if names is None else names:
            thing: Any = getattr(module, name)
            if not inspect.isclass(thing) and not inspect.isfunction(thing):
                continue
            yield f"{module_name}.{name}", inspect.getdoc(thing) or ""
            for member, value in vars(thing).items() if inspect.isclass(thing) else ():
                if not member.startswith("_") and (callable(value) or isinstance(value, property)):
                    yield f"{module_name}.{name}.{member}", inspect.getdoc(value) or ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_page_is_plain_english(page: Path) -> None:
    name = page.relative_to(ROOT).as_posix()
    assert "\n".join(findings(page.read_text(encoding="utf-8"), name, figures=name in FIGURES)) == ""


def test_the_unreleased_changes_are_plain_english() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    before, unreleased = re.split(r"^## \[Unreleased\]$", text, maxsplit=1, flags=re.M)
    unreleased = re.split(r"^## ", unreleased, maxsplit=1, flags=re.M)[0]
    assert "\n".join(findings("\n" * before.count("\n") + unreleased, "CHANGELOG.md")) == ""


def test_public_docstrings_are_plain_english() -> None:
    found = [line for name, text in public_docstrings() for line in findings_of_docstring(text, name)]
    assert "\n".join(found) == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "It is written anew.",
        "It waits for ever.",
        "A reply that is no success raises.",
        "The lot is sent again.",
        "It has a thread of its own.",
        "Stand beside the server.",
        "The crew sends it.",
        "What waits in the client is sent at the end.",
        "Whoever sends an id adds events.",
        "**What** the client keeps is sent.",
        "It is *in\nvain*.",
        "The event belongs to the block.",
        "The two shells have the same names.",
        "The rows had before are dropped.",
        "The service takes it, also in another session.",
        "A call goes on after that.",
        "A line\nbreaks in a sentence that goes\non in the next line.",
        "- an item that was learnt",
        "| a cell | that waits in vain |",
        "## A heading of yours",
        "See [a page of its own](page.md).",
        "A call takes 10 µs.",
        "It " + "is long and " * 14 + "ends.",
    ],
)
def test_a_planted_sentence_is_found(sentence: str) -> None:
    assert list(findings(f"# Page\n\nGood text.\n\n{sentence}\n", "page"))


@pytest.mark.parametrize(
    "sentence",
    [
        "You may call it again.",
        "Nothing is lost, and there is no event left.",
        "What is a trace?",
        "[What is retried](x.md) explains it.",
        "```python\nanew = 1  # for ever\n```",
        "Use `in vain` as a name.",
        "Three requests are in flight.",
        "It is no longer queued.",
        "<!-- anew -->",
        "| " + "a word and " * 20 + " | a cell may be long |",
        "It starts here. " + "It is short. " * 20,
    ],
)
def test_plain_sentences_and_code_are_left_alone(sentence: str) -> None:
    assert list(findings(f"# Page\n\n{sentence}\n", "page")) == []


def test_a_planted_word_in_a_docstring_is_found() -> None:
    text = (
        "Return the rows.\n\nArgs:\n    size: What is held by the lot.\n    more: Fine.\n\n"
        ">>> anew = 1\n>>> anew\n1\n"
    )
    assert [line.split(": ")[0] for line in findings_of_docstring(text, "f")] == ["f:4"]
