"""What the tests use of playwright. Where it is not installed, whatever imports this is skipped with the reason."""

from __future__ import annotations

import pytest

driver = pytest.importorskip(
    "playwright.sync_api", reason="the page is not tested: playwright is not installed"
)
Locator, Page, expect = driver.Locator, driver.Page, driver.expect

__all__ = ["Locator", "Page", "driver", "expect"]
