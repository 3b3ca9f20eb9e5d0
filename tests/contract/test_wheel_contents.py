"""The files of the wheel are those that are recorded, and a change of them is seen."""

from __future__ import annotations

from pathlib import Path

from tests.support import distributions


def test_the_files_of_the_wheel_are_as_recorded() -> None:
    lines = distributions.changed(distributions.recorded(), distributions.expected())
    command = "python -m tests.support.distributions --write"
    assert lines == [], f"if they are to be shipped, record them with `{command}`"


def test_a_file_that_nobody_recorded_is_named(tmp_path: Path) -> None:
    record = tmp_path / "wheel_contents.txt"
    assert distributions.main(["--write"], record=record) == 0
    assert distributions.main([], record=record) == 0
    assert distributions.recorded(record) == distributions.expected()
    record.write_text(record.read_text("utf-8").replace("honeyhive_ext/errors.py\n", ""), "utf-8")
    assert distributions.main([], record=record) == 1
