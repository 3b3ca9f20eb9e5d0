"""SECURITY.md: every promise names a test that is there, and the README leads to the page."""

from __future__ import annotations

import re
from pathlib import Path

import honeyhive_ext

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#]+)(?:#([\w-]+))?\)")


def test_every_promise_names_its_tests() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line]
    promises = [row for row in rows if not row.startswith("| promise")]
    assert len(promises) > 8
    for row in promises:
        *_, held, _ = row.split("|")
        files = [path for path, _ in LINK.findall(held)]
        assert files, row
        for path in files:
            assert "def test_" in (ROOT / path).read_text(encoding="utf-8")


def test_the_readme_and_the_guide_lead_to_the_page() -> None:
    assert "/blob/main/SECURITY.md" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "](../SECURITY.md#" in (ROOT / "docs" / "local-server.md").read_text(encoding="utf-8")


def test_the_page_names_no_address_and_a_version_that_can_be_asked_for() -> None:
    assert "@" not in PAGE
    assert honeyhive_ext.__version__
