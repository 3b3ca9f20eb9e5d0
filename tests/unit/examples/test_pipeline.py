"""The quickstart's pipeline answers from the documents it is given."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from examples.quickstart.pipeline import Chunk, Index, compose, load, passages, split, stems

PARAGRAPHS = st.lists(st.text(alphabet="abc de.\n", max_size=60), max_size=30)


def test_load_reads_the_markdown_of_a_folder_and_its_docs(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("top", encoding="utf-8")
    (tmp_path / "docs" / "a.md").write_text("below", encoding="utf-8")
    (tmp_path / "docs" / "a.txt").write_text("not this", encoding="utf-8")
    assert load(tmp_path) == {"README.md": "top", "docs/a.md": "below"}


@given(PARAGRAPHS)
def test_split_loses_no_word(paragraphs: list[str]) -> None:
    text = "\n\n".join(paragraphs)
    chunks = split("d", text)
    assert " ".join(c.text for c in chunks).split() == text.split()
    assert [c.position for c in chunks] == list(range(len(chunks)))


def test_the_best_hit_is_about_the_question_and_the_answer_quotes_it() -> None:
    texts = [
        "Bread is made of flour and water.",
        "A spool survives a killed process.",
        "Rain falls on hills.",
    ]
    index = Index([Chunk("d", i, t) for i, t in enumerate(texts)])
    hits = index.search("What survives a killed process?", top=2)
    assert hits[0].chunk.text == texts[1]
    assert compose("What survives a killed process?", hits, index) == "A spool survives a killed process. (d)"


def test_a_question_that_matches_nothing_is_said_so() -> None:
    index = Index([Chunk("d", 0, "Bread is made of flour.")])
    hits = index.search("zebra?", top=3)
    assert hits == []
    assert compose("zebra?", hits, index) == "Nothing was found."


def test_passages_are_prose_without_code_tables_and_markup() -> None:
    text = (
        "# Title\n\n| a | b |\n\n```sh\nls\n\nNo prose is here.\n```\n\n"
        "The **spool** survives [a kill](x.md) at once. Yes.\n\n"
        "- One item is a passage.\n- This one ends in code:\n"
    )
    assert passages(text) == ["The spool survives a kill at once.", "One item is a passage."]


def test_a_chunk_begins_at_a_heading_and_knows_it() -> None:
    chunks = split("d", "# One\n\ntext of one\n\n## Two\n\ntext of two")
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [
        ("One", "# One\n\ntext of one"),
        ("Two", "## Two\n\ntext of two"),
    ]


def test_a_question_finds_other_endings_of_its_words() -> None:
    assert stems("A retry is sending") == stems("retries send")
