"""What the tests of this folder print at the end of a run."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what each attack took, also where xdist ran the tests."""
    reports = [one for name in ("passed", "failed") for one in terminalreporter.stats.get(name, ())]
    rows = [value for one in reports for name, value in one.user_properties if name == "attack"]
    if not rows:
        return
    terminalreporter.write_sep("=", "what each attack took")
    terminalreporter.write_line("| attack | over | ends with | seconds | peak memory, MB |")
    terminalreporter.write_line("| --- | --- | --- | --- | --- |")
    for row in sorted(rows):
        terminalreporter.write_line(f"| {' | '.join(row)} |")
