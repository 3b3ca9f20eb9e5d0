"""How the suite runs when mutmut runs it, once for each changed line: few tests, what fails soon first."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# One failing example is enough here; making it smaller took up to 14 s a mutant.
settings.register_profile(
    "mutation", deadline=None, database=None, max_examples=30, phases=[Phase.explicit, Phase.generate]
)

# Where the promises of a module are tested; the tests of what stands above it would take minutes to agree.
TESTS = {
    "honeyhive_ext.retry.": ("unit/test_retry.py", "unit/test_exchange.py", "property/test_exchange.py"),
    "honeyhive_ext.exchange.": (
        *("unit/test_exchange.py", "unit/test_failure_messages.py", "unit/test_transport.py"),
        "property/test_exchange.py",
    ),
    "honeyhive_ext.failures.": ("unit/test_fail", "unit/test_redaction.py", "unit/test_transport.py"),
    "honeyhive_ext.filters.": ("unit/test_filter", "property/test_filters.py"),
    "honeyhive_ext.batch.": ("unit/test_batch", "property/test_batch", "client/test_batch.py"),
    "honeyhive_ext.search.": (
        *("unit/test_search", "unit/test_walk", "unit/test_follow.py", "property/test_walk.py"),
        *("property/test_windows.py", "client/test_search", "client/test_tail.py"),
    ),
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The tests of the changed module alone, the quickest first: mutmut names them in no order."""
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    places = next((places for module, places in TESTS.items() if mutant.startswith(module)), ())
    kept = [item for item in items if not places or _about(item.nodeid, mutant, places)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    took = {}
    if (stats := Path("mutmut-stats.json")).exists():
        took = json.loads(stats.read_text(encoding="utf-8"))["duration_by_test"]
    items[:] = sorted(kept, key=lambda item: took.get(item.nodeid, 0))


def _about(test: str, mutant: str, places: tuple[str, ...]) -> bool:
    module = mutant.rpartition(".")[0]
    return test.removeprefix("tests/").startswith(places) or test.endswith(f"[{module}]")
