"""Reports of sending in the background: one line without what is zero, and a table for notebooks."""

from __future__ import annotations

from honeyhive_ext import BackgroundStats, FlushReport
from tests.support.inert import inert


def test_a_repr_says_what_happened_and_nothing_that_did_not() -> None:
    report = FlushReport(delivered=2, lost=0, waiting=0, seconds=0.0123)
    assert repr(report) == "<FlushReport: delivered 2; seconds 0.012>"
    stats = BackgroundStats(
        accepted=1200,
        delivered=1195,
        dropped={"overflow": 3, "closed": 0},
        queued=2,
        queued_bytes=1500,
        last_error="no\nroute",
    )
    assert repr(stats) == (
        "<BackgroundStats: accepted 1,200; delivered 1,195; dropped 3 overflow; queued 2 (1,500 bytes); "
        "last error no\\nroute>"
    )
    assert repr(BackgroundStats()) == "<BackgroundStats: accepted 0; delivered 0>"


def test_a_notebook_shows_a_table() -> None:
    report = FlushReport(delivered=2, lost=1, waiting=0, seconds=1.5, error="<b>")
    read = inert(str(report._repr_html_()))
    assert "delivered2lost1seconds1.500error<b>" in read.text
    assert "dropped1 overflow" in inert(str(BackgroundStats(dropped={"overflow": 1})._repr_html_())).text
