"""The mutation session names code and tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.support import judges
from tests.support.judges import LEFT_OUT, ROOT, TESTS, WHOLE


@pytest.mark.parametrize("part", TESTS)
def test_a_part_names_code_and_tests_that_exist(part: str) -> None:
    assert (ROOT / "honeyhive_ext" / part).is_dir() or (ROOT / "honeyhive_ext" / f"{part}.py").is_file()
    assert judges.tests_of(part)
    for pattern in TESTS[part]:
        assert [*ROOT.glob(f"tests/{pattern}.py")], pattern


def test_the_tests_of_its_room_judge_a_file_that_is_not_listed() -> None:
    assert judges.tests_of("batch/limits") == judges.tests_of("batch")
    with pytest.raises(SystemExit, match="no tests are named for client"):
        judges.tests_of("client")


def test_the_tests_that_are_left_out_exist() -> None:
    for name in LEFT_OUT:
        file, _, test = name.partition("::")
        assert f"def {test}(" in (ROOT / "tests" / file).read_text("utf-8")


def test_the_list_of_survivors_names_files_that_exist() -> None:
    assert set(WHOLE) <= set(TESTS)
    text = (ROOT / "tests" / "mutants" / "README.md").read_text("utf-8")
    table = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    assert len(table) > 25
    for name in re.findall(r"`([\w/]+\.py)`", " ".join(table)):
        assert (ROOT / "honeyhive_ext" / name).is_file(), name
