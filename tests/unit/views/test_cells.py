"""The width of a text on a terminal counts wide characters twice and marks not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.views.cells import cells, cut_to, joins, padded


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("plan", 4),
        ("", 0),
        ("計画", 4),
        ("ｱ", 1),
        ("\uff21", 2),
        ("e\u0301", 1),
        ("\u1112\u1161\u11ab", 2),
        ("👨\u200d👩\u200d👧", 2),
        ("👍🏽", 2),
        ("❤\ufe0f", 2),
        ("🇩🇪", 2),
        ("नि", 2),
    ],
)
def test_the_width_is_that_of_a_terminal(text: str, width: int) -> None:
    assert cells(text) == width


@given(st.text(max_size=30), st.integers(0, 12))
def test_a_cut_text_fits_and_is_a_beginning(text: str, width: int) -> None:
    cut = cut_to(text, width)
    assert cells(cut) <= width
    assert text.startswith(cut.removesuffix("…") if cut != text else cut)


@given(st.text(alphabet="ae\u0301\u0323漢👨\u200d👍🏽\ufe0f", max_size=20), st.integers(1, 8))
def test_a_cut_parts_no_mark_from_its_letter(text: str, width: int) -> None:
    cut = cut_to(text, width)
    if cut != text:
        rest = text[len(cut) - 1 :]
        assert len(cut) == 1 or not joins(rest[0])


@given(st.text(max_size=8))
def test_a_padded_text_takes_the_columns(text: str) -> None:
    assert cells(padded(text, 20)) == max(20, cells(text))
