"""How a wait is drawn.

The promise: full jitter, so that clients that failed together do not come back together.
"""

from __future__ import annotations

from honeyhive_ext.config.retry_policy import RetryPolicy
from honeyhive_ext.http.retry import wait


def test_a_wait_is_drawn_between_nothing_and_its_bound() -> None:
    drawn: list[tuple[float, float]] = []

    def least(low: float, high: float) -> float:
        drawn.append((low, high))
        return low

    assert wait(3, None, RetryPolicy(), least) == 0.05
    assert wait(0, 10.0, RetryPolicy(first_wait=2, longest_wait=1), least) == 10.0
    assert drawn == [(0.0, 4.0), (0.0, 1), (0.0, 1.25)]
