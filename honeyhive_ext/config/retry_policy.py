"""How often and for how long a call is tried."""

from __future__ import annotations

import sys

import attrs

from honeyhive_ext.config.checks import seconds, whole_number
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import ConfigError


@never_raising
@attrs.frozen(kw_only=True)
class RetryPolicy:
    """How often and for how long a call is tried.

    Every operation may be tried again: the id of a write is made before its first attempt.

    Attributes:
        attempts: The largest number of attempts of one call. 1 means no retry. Default 8.
        deadline: Seconds from the start of the call to its end, waits included. A retry that would start
            later is not made. The first attempt always has its whole timeout. Default 60.
        first_wait: The longest first wait, in seconds. A wait is drawn at random, and is at least 0.05 s.
            Its upper end doubles from one wait to the next. Default 0.5.
        longest_wait: The upper end where the doubling stops, in seconds. A `Retry-After` of the service may
            ask for more. Default 30.
        budget: How many retries the whole client may make while no answer comes. This keeps many calls from
            storming a service that is down. A retry takes one. An answer gives back all that its call took,
            so a service that loses some answers is served to the end. A call that fails loses them, and ten
            calls that succeed at once give back one. Only the policy of the client counts, not that of a
            call. Default 10.

    Raises:
        ConfigError: `attempts` is not a whole number from 1, `budget` is not one from 0, or a time is not a
            finite number of seconds above 0.

    >>> RetryPolicy(attempts=3, deadline=10)
    RetryPolicy(attempts=3, deadline=10, first_wait=0.5, longest_wait=30.0, budget=10)
    """

    __module__ = "honeyhive_ext"

    attempts: int = 8
    deadline: float = 60.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    budget: int = 10

    def __attrs_post_init__(self) -> None:
        whole_number(self.attempts, "RetryPolicy(attempts=)", 1)
        whole_number(self.budget, "RetryPolicy(budget=)", 0)
        for name in ("deadline", "first_wait", "longest_wait"):
            seconds(getattr(self, name), f"RetryPolicy({name}=)", most=sys.float_info.max)


NO_RETRY = RetryPolicy(attempts=1)


def retry_policy(given: RetryPolicy | bool | None, default: RetryPolicy) -> RetryPolicy:
    """Return the policy that `retry=` means.

    Args:
        given: None for `default`, True for the standard policy, False or 0 for one attempt, or a policy.
        default: The policy of the client.

    Raises:
        ConfigError: `given` is anything else.

    >>> retry_policy(False, RetryPolicy()).attempts
    1
    """
    if given is None:
        return default
    if isinstance(given, RetryPolicy):
        return given
    if given is True:
        return RetryPolicy()
    if given is False or given == 0:
        return NO_RETRY
    raise ConfigError(f"retry={given!r}: give True, False or a RetryPolicy, such as RetryPolicy(attempts=3)")
