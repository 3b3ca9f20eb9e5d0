"""Failure on demand: rules that say which request fails, and how."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, TypedDict, Unpack, get_args

from attrs import asdict, define, fields, frozen

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

# What each kind needs beyond the match, and whether the request is carried out before its answer is lost
# or damaged ("commit").
_OWN: Mapping[str, tuple[frozenset[str], bool]] = {
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
_ALWAYS_COMMIT = frozenset(kind for kind, (_, commits) in _OWN.items() if commits)
_MATCH = frozenset({"kind", "method", "path", "nth", "probability", "times", "commit", "delay"})


class FaultOptions(TypedDict, total=False):
    """The options of a fault; a test compares them with the fields of `Fault`."""

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


@frozen(kw_only=True)
class Fault:
    """Which requests fail, and how.

    Args:
        kind: What happens: status (an answer with `status` and `body`), html (a proxy's HTML page, 502),
            broken_json (200 and half of the JSON), reset (the connection is reset), empty (closed without
            an answer), truncate (the body is cut after `at` bytes), garbage (bytes that are not HTTP),
            hang (no answer for `seconds`), dribble (the body in small pieces over `seconds`), latency
            (the true answer after `delay`), rate_limit (429), partial (the first `keep` events of a batch
            are stored, 500), commit_reset (stored, then the connection is reset), visibility (new events
            show in search after `milliseconds`).
        method: Only requests of this method; None for all.
        path: Only paths that match this shell pattern, such as `/v1/events/*`; None for all but `/_local`.
        nth: Only the nth matching request, from 1.
        probability: Only this share of the matching requests, from 0 to 1, drawn from the server's seed.
        times: How often at most; None for ever. `nth` alone means once.
        commit: Whether the request is carried out although its answer is lost. Kinds that show the true
            answer always carry it out.
        delay: Seconds before the answer, or two numbers between which it is drawn.
        status: For status (default 503) and html (default 502).
        body: For status: the body as text; None for the service's error body.
        seconds: For hang (default 3600) and dribble (default 1).
        at: For truncate: bytes of the body that arrive; None for half.
        retry_after: For rate_limit: seconds, or any text, sent as it is; None for no Retry-After.
        retry_after_date: For rate_limit: an HTTP date so many seconds from now.
        keep: For partial: events that are stored.
        milliseconds: For visibility.

    Raises:
        ConfigError: An option that the kind does not have, or a value out of range.
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
            raise ConfigError(f"there is no fault {self.kind!r}; there are {', '.join(get_args(FaultKind))}")
        own = _OWN[self.kind][0]
        for one in fields(Fault):
            if one.name not in own | _MATCH and getattr(self, one.name) is not None:
                raise ConfigError(f"a fault of kind {self.kind} has no {one.name}")
        if self.commit is False and self.kind in _ALWAYS_COMMIT:
            raise ConfigError(f"a fault of kind {self.kind} carries the request out; leave commit out")
        _check_numbers(self)

    @property
    def commits(self) -> bool:
        """Whether the request is carried out."""
        return _OWN[self.kind][1] if self.commit is None else self.commit

    @property
    def uses(self) -> int | None:
        """How often the fault may happen; None for ever."""
        return 1 if self.times is None and self.nth is not None else self.times

    def as_dict(self) -> dict[str, Any]:
        """What is set."""
        return {name: value for name, value in asdict(self).items() if value not in (None, 0.0)}


def _check_numbers(fault: Fault) -> None:
    delay = fault.delay if isinstance(fault.delay, tuple) else (fault.delay, fault.delay)
    bounds: tuple[tuple[str, float | None, float, float], ...] = (
        ("nth", fault.nth, 1, 2**62),
        ("times", fault.times, 1, 2**62),
        ("probability", fault.probability, 0, 1),
        ("status", fault.status, 200, 999),
        ("seconds", fault.seconds, 0, 86_400),
        ("at", fault.at, 0, 2**62),
        ("keep", fault.keep, 0, 2**62),
        ("milliseconds", fault.milliseconds, 0, 2**62),
        ("delay", delay[0], 0, 86_400),
        ("delay", delay[1], delay[0], 86_400),
    )
    for name, value, low, high in bounds:
        if value is not None and (isinstance(value, bool) or not low <= value <= high):
            raise ConfigError(f"{name} of a fault must be from {low} to {high}, not {value!r}")


def fault_from(given: object) -> Fault:
    """A fault from JSON: an object of its options, or the name of its kind.

    Raises:
        ConfigError: It is no fault.
    """
    if isinstance(given, str):
        given = {"kind": given}
    if not is_object(given):
        raise ConfigError("a fault is an object with a kind, or the name of a kind")
    options = dict(given)
    delay = options.get("delay")
    if is_array(delay) and len(delay) == 2:
        options["delay"] = tuple(delay)
    unknown = set(options) - {one.name for one in fields(Fault)}
    if unknown or "kind" not in options:
        raise ConfigError(f"a fault has a kind and no {', '.join(sorted(unknown)) or 'empty kind'}")
    try:
        return Fault(**options)
    except TypeError as problem:
        raise ConfigError(f"a fault with a value of a wrong type: {problem}") from problem


@define(eq=False)
class Rule:
    """A fault in force: how many requests it has matched, and how many it has failed."""

    fault: Fault
    matched: int = 0
    used: int = 0

    def fires(self, method: str, path: str, draw: random.Random) -> bool:
        """Whether this request fails; counts it if it matches."""
        fault = self.fault
        if fault.method is not None and fault.method.upper() != method:
            return False
        if fault.path is not None and not fnmatchcase(path, fault.path):
            return False
        self.matched += 1
        if fault.uses is not None and self.used >= fault.uses:
            return False
        if fault.nth is not None and self.matched != fault.nth:
            return False
        return fault.probability is None or draw.random() < fault.probability

    @property
    def unused(self) -> bool:
        """Whether it was to happen more often than it has."""
        return self.fault.uses is not None and self.used < self.fault.uses

    def as_dict(self) -> dict[str, Any]:
        """For `/_local/faults`."""
        return {**self.fault.as_dict(), "matched": self.matched, "used": self.used}


class Faults:
    """The faults in force. Of several that match a request, the first that was added happens.

    >>> faults = Faults(seed=1)
    >>> rule = faults.add("status", status=503, path="/v1/events", times=1)
    >>> faults.next("POST", "/v1/events").kind, faults.next("POST", "/v1/events")
    ('status', None)
    >>> rule.used, faults.unused()
    (1, [])
    """

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self._given = [*faults]
        self._seed = seed
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self.random = random.Random(seed)  # noqa: S311 - for tests that can be repeated
        self.reset()

    def add(self, kind: FaultKind, **options: Unpack[FaultOptions]) -> Rule:
        """Put a fault in force and return its rule, which counts what it does.

        Raises:
            ConfigError: An option that the kind does not have, or a value out of range.
        """
        return self.put(Fault(kind=kind, **options))

    def put(self, fault: Fault) -> Rule:
        """Put a ready-made fault in force."""
        rule = Rule(fault)
        with self._lock:
            self._rules.append(rule)
        return rule

    def next(self, method: str, path: str) -> Fault | None:
        """The fault of this request, counted; None for none."""
        if not self._rules:
            return None
        with self._lock:
            firing = [rule for rule in self._rules if rule.fires(method, path, self.random)]
            if not firing:
                return None
            firing[0].used += 1
            return firing[0].fault

    def clear(self) -> None:
        """Take every fault out of force."""
        with self._lock:
            self._rules.clear()

    def reset(self) -> None:
        """Only the faults of the beginning, unused, and the random numbers from their seed again."""
        with self._lock:
            self._rules = [Rule(fault) for fault in self._given]
            self.random.seed(self._seed)

    def unused(self) -> list[Fault]:
        """The faults that were to happen a number of times and have not: a test that set one has a hole."""
        with self._lock:
            return [rule.fault for rule in self._rules if rule.unused]

    @property
    def rules(self) -> list[Rule]:
        """The rules in force, in order."""
        with self._lock:
            return list(self._rules)
