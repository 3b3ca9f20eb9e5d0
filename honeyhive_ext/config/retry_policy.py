"""What one call may cost in attempts and seconds."""

from __future__ import annotations

import math

import attrs

from honeyhive_ext.errors import ConfigError


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """What one call may cost in attempts and seconds.

    Every write carries an id made before its first attempt, so all operations may be tried again.

    Attributes:
        attempts: How often a request is tried at most, 1 for never again. Default 8.
        deadline: Seconds from the call to its end, waits included. A retry that would start later is
            not made. The first attempt always has its whole timeout. Default 60.
        first_wait: The upper end, in seconds, of the first wait, which is drawn between 0.05 s and it; each
            further one doubles. Default 0.5.
        longest_wait: Where the doubling ends, in seconds. `Retry-After` may ask for more. Default 30.
        budget: Retries that the whole client may make in a row while nothing succeeds; ten successes
            earn one back. It keeps a thousand calls from hammering a service that is down. Read from
            the client's policy only. Default 10.

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
        for name, least in (("attempts", 1), ("budget", 0)):
            count = getattr(self, name)
            if isinstance(count, bool) or not isinstance(count, int) or count < least:
                raise ConfigError(f"RetryPolicy({name}={count!r}): give a whole number, {least} or more")
        for name in ("deadline", "first_wait", "longest_wait"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise ConfigError(f"RetryPolicy({name}={value!r}): give seconds above 0")


NO_RETRY = RetryPolicy(attempts=1)


def retry_policy(given: RetryPolicy | bool | None, default: RetryPolicy) -> RetryPolicy:
    """What `retry=` means: None the default, False (or 0) one attempt, True the standard policy.

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
