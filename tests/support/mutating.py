"""How the suite runs under mutmut, once for each mutant: few examples, and the quickest tests first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from mutmut.mutation import trampoline

# A warning names the first line outside of the package, and the function that mutmut inserts is not outside.
trampoline.__name__ = "honeyhive_ext.mutated"

# One failing example is enough here; shrinking it would take most of the time.
settings.register_profile(
    "mutation",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the quickest tests first, by the times that mutmut recorded; mutmut itself gives no order."""
    if (stats := Path("mutmut-stats.json")).exists():
        took = json.loads(stats.read_text(encoding="utf-8"))["duration_by_test"]
        items.sort(key=lambda item: took.get(item.nodeid, 0))
