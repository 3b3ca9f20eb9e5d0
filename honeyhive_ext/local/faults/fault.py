"""A fault: which requests fail, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, TypedDict, get_args

from attrs import asdict, fields, frozen

from honeyhive_ext.config.checks import did_you_mean, seconds, whole_number
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.json_types import is_array, is_object

FaultKind = Literal[
    "status",
    "html",
    "broken_json",
    "reset",
    "empty",
    "truncate",
    "garbage",
    "hang",
    "dribble",
    "latency",
    "rate_limit",
    "partial",
    "commit_reset",
    "visibility",
]

# The options of each kind besides those of every kind, and whether the request is carried out although its
# answer is lost or damaged ("commit").
KINDS: Mapping[str, tuple[frozenset[str], bool]] = {
    "status": (frozenset({"status", "body"}), False),
    "html": (frozenset({"status"}), False),
    "broken_json": (frozenset(), True),
    "reset": (frozenset(), False),
    "empty": (frozenset(), False),
    "truncate": (frozenset({"at"}), True),
    "garbage": (frozenset(), False),
    "hang": (frozenset({"seconds"}), False),
    "dribble": (frozenset({"seconds"}), True),
    "latency": (frozenset(), True),
    "rate_limit": (frozenset({"retry_after", "retry_after_date"}), False),
    "partial": (frozenset({"keep"}), True),
    "commit_reset": (frozenset(), True),
    "visibility": (frozenset({"milliseconds"}), True),
}
_ALWAYS_COMMIT = frozenset(kind for kind, (_, commits) in KINDS.items() if commits)
_SENDABLE = re.compile("[\t -~\x80-\xff]*")
_DAY = 86_400.0  # seconds
_MAX_MILLISECONDS = 2**62  # SQLite holds the sum of this and a time of today
_MATCH = frozenset({"kind", "method", "path", "nth", "probability", "times", "commit", "delay"})


class FaultOptions(TypedDict, total=False):
    """The options of a fault. A test compares them with the fields of `Fault`."""

    method: str
    path: str
    nth: int
    probability: float
    times: int
    commit: bool
    delay: float | tuple[float, float]
    status: int
    body: str
    seconds: float
    at: int
    retry_after: float | str
    retry_after_date: float
    keep: int
    milliseconds: int


@never_raising
@frozen(kw_only=True)
class Fault:
    """Which requests fail, and how.

    Args:
        kind: What happens. "status": an answer with `status` and `body`. "html": a proxy's HTML page, 502.
            "broken_json": 200 and half of the JSON. "reset": the connection is reset. "empty": the
            connection is closed without an answer. "truncate": the body is cut after `at` bytes.
            "garbage": bytes that are not HTTP. "hang": no answer for `seconds`. "dribble": the body in
            small pieces over `seconds`. "latency": the true answer after `delay`. "rate_limit": 429.
            "partial": the first `keep` events of a batch are stored, and the answer is 500.
            "commit_reset": everything is stored, then the connection is reset. "visibility": search shows
            new events after `milliseconds`.
        method: Only requests of this method; None for all.
        path: Only paths that match this shell pattern, such as `/v1/events/*`; None for all but `/_local`.
        nth: Only the nth matching request, from 1.
        probability: Only this share of the matching requests, from 0 to 1, drawn from the server's seed.
        times: How often at most; None for no limit. `nth` alone means once.
        commit: Whether the request is carried out although its answer is lost. Kinds that show the true
            answer always carry it out.
        delay: Seconds before the answer, at most 86,400; or two numbers between which it is drawn.
        status: For status (default 503) and html (default 502); from 200 to 999.
        body: For status: the body as text; None for the service's error body.
        seconds: For hang (default 3600) and dribble (default 1); at most 86,400.
        at: For truncate: how many bytes of the body arrive; None for half.
        retry_after: For rate_limit: seconds, or any text of a header, sent as it is; None for no Retry-After.
        retry_after_date: For rate_limit: Retry-After is an HTTP date this many seconds from now.
        keep: For partial: how many events are stored; None for none.
        milliseconds: For visibility: how long search does not show the new events.

    Raises:
        ConfigError: An option that the kind does not have, or a value out of range.

    >>> Fault(kind="rate_limit", retry_after=1, times=2).as_dict()
    {'kind': 'rate_limit', 'times': 2, 'retry_after': 1}
    >>> Fault(kind="reset", status=500)
    Traceback (most recent call last):
    honeyhive_ext.ConfigError: a fault of kind reset has no option status
    """

    kind: FaultKind
    method: str | None = None
    path: str | None = None
    nth: int | None = None
    probability: float | None = None
    times: int | None = None
    commit: bool | None = None
    delay: float | tuple[float, float] = 0.0
    status: int | None = None
    body: str | None = None
    seconds: float | None = None
    at: int | None = None
    retry_after: float | str | None = None
    retry_after_date: float | None = None
    keep: int | None = None
    milliseconds: int | None = None

    def __attrs_post_init__(self) -> None:
        if self.kind not in get_args(FaultKind):
            near = did_you_mean(str(self.kind), get_args(FaultKind))
            hint = f"did you mean {near}?" if near else f"there are {', '.join(get_args(FaultKind))}"
            raise ConfigError(f"there is no fault {self.kind!r}; {hint}")
        own = KINDS[self.kind][0]
        for one in fields(Fault):
            if one.name not in own | _MATCH and getattr(self, one.name) is not None:
                raise ConfigError(f"a fault of kind {self.kind} has no option {one.name}")
        if self.commit is False and self.kind in _ALWAYS_COMMIT:
            raise ConfigError(f"a fault of kind {self.kind} always carries the request out: omit commit")
        _check_numbers(self)

    @property
    def commits(self) -> bool:
        """Whether the request is carried out."""
        return KINDS[self.kind][1] if self.commit is None else self.commit

    @property
    def uses(self) -> int | None:
        """How often the fault may happen; None for no limit."""
        return 1 if self.times is None and self.nth is not None else self.times

    def as_dict(self) -> dict[str, Any]:
        """Return the options that are set."""
        return {name: value for name, value in asdict(self).items() if value not in (None, 0.0)}


def _check_numbers(fault: Fault) -> None:
    whole = (
        ("nth", fault.nth, 1, None),
        ("times", fault.times, 1, None),
        ("status", fault.status, 200, 999),
        ("at", fault.at, 0, None),
        ("keep", fault.keep, 0, None),
        ("milliseconds", fault.milliseconds, 0, _MAX_MILLISECONDS),
    )
    for name, value, least, most in whole:
        if value is not None:
            whole_number(value, name, least, most)
    if isinstance(fault.retry_after, str) and _SENDABLE.fullmatch(fault.retry_after) is None:
        raise ConfigError("retry_after holds a character that a header cannot have")
    if fault.seconds is not None:
        seconds(fault.seconds, "seconds", least=0, most=_DAY)
    low, high = fault.delay if isinstance(fault.delay, tuple) else (fault.delay, fault.delay)
    seconds(low, "delay", least=0, most=_DAY)
    seconds(high, "delay", least=low, most=_DAY)
    share = fault.probability
    if share is not None and (isinstance(share, bool) or not 0 <= share <= 1):
        raise ConfigError(f"probability is {share!r}: give a number from 0 to 1")


def fault_from(given: object) -> Fault:
    """Return a fault from JSON: an object of its options, or the name of its kind.

    Raises:
        ConfigError: It is not a fault.
    """
    if isinstance(given, str):
        given = {"kind": given}
    if not is_object(given):
        raise ConfigError("a fault is a JSON object with a kind, or the name of a kind")
    options = dict(given)
    delay = options.get("delay")
    if is_array(delay) and len(delay) == 2:
        options["delay"] = tuple(delay)
    if "kind" not in options:
        raise ConfigError('a fault needs a kind, such as {"kind": "reset"}')
    unknown = set(options) - {one.name for one in fields(Fault)}
    if unknown:
        raise ConfigError(f"a fault has no option {', '.join(sorted(unknown))}")
    try:
        return Fault(**options)
    except TypeError as problem:
        raise ConfigError(f"a fault has a value of a wrong type: {problem}") from problem
