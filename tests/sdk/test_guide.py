"""The example of docs/testing.md that uses the official SDK."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.guide import files
from tests.support.inner import OPTIONS

pytest_plugins = ["pytester"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
SECTION = "An application that uses the official SDK"


def test_the_example_of_the_guide_passes(pytester: pytest.Pytester) -> None:
    for name, code in files(PAGE)[SECTION].items():
        (pytester.path / name).write_text(code, encoding="utf-8")
    result = pytester.runpytest_subprocess(*OPTIONS)
    result.assert_outcomes(passed=2)
