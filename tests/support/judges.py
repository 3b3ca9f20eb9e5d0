"""Which tests judge a part of the code when `nox -s mutation` changes it."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# The tests that mirror a part, in unit/ and in mutants/, judge it, and so do these. More tests would be
# slower and would rarely notice more. The tests of its room judge a file that is not listed.
TESTS = {
    "config/retry_policy": ["unit/http/test_retry"],
    "http/retry": ["unit/http/test_exchange", "property/test_exchange"],
    "http/failures": [
        "unit/http/test_failure_messages",
        "unit/http/test_sender",
        "unit/payload/test_redaction",
    ],
    "http/exchange": ["unit/http/test_failure_messages", "property/test_exchange"],
    "filters": ["property/test_filters"],
    "batch": ["property/test_batch*"],
    "search": [
        *("property/test_cut", "property/test_walk", "property/test_windows"),
        *("client/test_search*", "client/test_tail"),
    ],
    "results": ["client/test_search*", "client/test_tail"],
    "batch/plan": ["property/test_batch_reconcile"],
    "batch/reconcile": ["unit/batch/test_delivery", "property/test_batch_reconcile"],
    "results/aio_result": ["client/test_search*"],
    "observe/progress": [],
    "results/follow": [],
    "results/result": ["client/test_search*"],
    "search/aio_fetch": ["unit/search/test_fetchers", "client/test_search_ahead"],
    "search/checkpoint": [],
    "search/cursor": [],
    "search/fetch": ["unit/search/test_fetchers", "client/test_search_ahead"],
    "reading": ["property/test_reading"],
    "search/pages/cut": ["property/test_cut", "unit/search/pages/test_read"],
    "search/pages/form": ["unit/search/test_cursor", "client/test_search_results"],
    "search/pages/read": ["property/test_cut"],
    "search/pages/rows": ["unit/search/walk/test_walk_steps"],
    "search/query": ["unit/search/test_messages"],
    "search/walk/drain": ["unit/search/walk/test_walk_steps"],
    "search/walk/overlap": ["unit/search/walk/test_walk*", "property/test_walk"],
    "search/walk/walk": ["unit/search/walk/test_walk*", "property/test_walk"],
    "search/walk/windows": [],
}
WHOLE = [
    "config/retry_policy",
    "http/retry",
    "http/failures",
    "http/exchange",
    "filters",
    "batch",
    "search",
    "results",
    "observe/progress",
]
LEFT_OUT = (
    # Each takes seconds, for every mutant.
    "unit/batch/test_packed_ids.py::test_a_million_ids_take_less_than_64_mb_with_the_memory_of_those_that_came_before",
    "property/test_walk.py::test_ten_thousand_events_in_one_millisecond_come_exactly_once",
)


def tests_of(part: str) -> list[str]:
    """Return the test files that judge a part of the code, such as `batch` or `search/walk/drain`."""
    if part not in TESTS:
        room = part.rpartition("/")[0]
        if not room:
            raise SystemExit(
                f"no tests are named for {part}: give {', '.join(WHOLE)}, or a file of one of them"
            )
        return tests_of(room)
    folder, _, name = part.rpartition("/")
    patterns = [f"{group}/{part}/**/test_*" for group in ("unit", "mutants")]
    patterns += [f"{group}/{folder}/test_{name}" for group in ("unit", "mutants") if folder]
    found = {path for pattern in [*patterns, *TESTS[part]] for path in ROOT.glob(f"tests/{pattern}.py")}
    return sorted(str(path.relative_to(ROOT)) for path in found)
