"""Every file that docs/testing.md shows, run by pytest as a reader would run it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.guide import files
from tests.support.inner import OPTIONS

pytest_plugins = ["pytester"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "testing.md"
SECTIONS = files(PAGE)
# A busy machine is no failure: without it, the first event drawn may take longer than hypothesis allows.
PATIENT = """
from hypothesis import HealthCheck, settings

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")
"""
OFFICIAL = "An application that uses the official SDK"  # run by `nox -s official_sdk`, which installs it


def test_the_guide_shows_each_kind_of_application() -> None:
    assert OFFICIAL in SECTIONS
    assert len(SECTIONS) >= 6
    assert all(any(name.startswith("test_") for name in shown) for shown in SECTIONS.values())


def test_no_other_page_shows_files_that_nothing_runs() -> None:
    run_elsewhere = {"dask-and-ray.md"}  # by `nox -s recipes`
    assert {page.name for page in PAGE.parent.rglob("*.md") if files(page)} == {PAGE.name, *run_elsewhere}


def test_the_examples_pass(pytester: pytest.Pytester) -> None:
    wanted = 0
    pytester.makeconftest(PATIENT)
    for section, shown in SECTIONS.items():
        if section != OFFICIAL:
            for name, code in shown.items():
                (pytester.path / name).write_text(code, encoding="utf-8")
                wanted += code.count("\ndef test_")
    result = pytester.runpytest_subprocess(*OPTIONS, "--strict-markers")
    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] >= wanted > 10
