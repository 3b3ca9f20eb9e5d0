"""How the suite runs when mutmut runs it, once for each mutant: few tests, and what fails soon first."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from mutmut.mutation import trampoline

# A warning names the first line outside of the package; what mutmut puts between is not the caller.
trampoline.__name__ = "honeyhive_ext.mutated"

# One failing example is enough here; making it smaller took up to 14 s a mutant.
settings.register_profile(
    "mutation",
    deadline=None,
    database=None,
    derandomize=True,
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The quickest tests first, by the times that mutmut has written down: it names them in no order."""
    if (stats := Path("mutmut-stats.json")).exists():
        took = json.loads(stats.read_text(encoding="utf-8"))["duration_by_test"]
        items.sort(key=lambda item: took.get(item.nodeid, 0))
