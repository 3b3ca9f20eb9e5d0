"""How large the large tests are: a twentieth by default, whole in `nox -s faults`."""

from __future__ import annotations

import os
import random


def scaled(whole: int, least: int = 1) -> int:
    """Return `whole` times HONEYHIVE_TEST_SCALE (default 0.05), at least `least`."""
    return max(least, round(whole * float(os.environ.get("HONEYHIVE_TEST_SCALE", "0.05"))))


def seed() -> int:
    """Return HONEYHIVE_TEST_SEED, else a new one, printed so that a failing run can be repeated.

    With HONEYHIVE_TEST_SAME_EXAMPLES=1 it is the same in every run, as the examples of hypothesis are.
    """
    given = os.environ.get("HONEYHIVE_TEST_SEED")
    if not given and os.environ.get("HONEYHIVE_TEST_SAME_EXAMPLES") == "1":
        given = "20260101"
    value = int(given) if given else random.SystemRandom().randrange(2**32)
    print(f"HONEYHIVE_TEST_SEED={value}")
    return value
