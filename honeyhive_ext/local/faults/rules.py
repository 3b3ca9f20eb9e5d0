"""The faults in force, and what each has matched."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any, Unpack

from attrs import define

from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.local.faults.fault import Fault, FaultKind, FaultOptions


@never_raising
@define(eq=False)
class Rule:
    """A fault in force, and its counts.

    Args:
        fault: The fault.
        matched: The requests that its method and path have matched.
        used: The requests to which it has happened.
    """

    fault: Fault
    matched: int = 0
    used: int = 0

    def fires(self, method: str, path: str, draw: random.Random) -> bool:
        """Return whether this request fails. Counts the request if it matches."""
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
        """Whether the fault has happened less often than it was to."""
        return self.fault.uses is not None and self.used < self.fault.uses

    def as_dict(self) -> dict[str, Any]:
        """Return the rule for `/_local/faults`."""
        return {**self.fault.as_dict(), "matched": self.matched, "used": self.used}


class Faults:
    """The faults in force. If several match a request, the one that was added first happens.

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
        self.random = random.Random(seed)  # noqa: S311 - so that a test can be repeated
        self.reset()

    def add(self, kind: FaultKind, **options: Unpack[FaultOptions]) -> Rule:
        """Put a fault in force and return its rule, which counts.

        Args:
            kind: What happens; see `Fault`.
            **options: The options of the fault; see `Fault`.

        Raises:
            ConfigError: An option that the kind does not have, or a value out of range.
        """
        return self.put(Fault(kind=kind, **options))

    def put(self, fault: Fault) -> Rule:
        """Put a fault in force and return its rule."""
        rule = Rule(fault)
        with self._lock:
            self._rules.append(rule)
        return rule

    def next(self, method: str, path: str) -> Fault | None:
        """Return the fault of this request and count it; None if there is none."""
        if not self._rules:
            return None
        with self._lock:
            firing = [rule for rule in self._rules if rule.fires(method, path, self.random)]
            if not firing:
                return None
            firing[0].used += 1
            return firing[0].fault

    def clear(self, kind: FaultKind | None = None) -> None:
        """Take every fault out of force, or all of one kind."""
        with self._lock:
            self._rules = [rule for rule in self._rules if kind not in (None, rule.fault.kind)]

    def reset(self) -> None:
        """Restore the first faults, unused, and start the random numbers from their seed again."""
        with self._lock:
            self._rules = [Rule(fault) for fault in self._given]
            self.random.seed(self._seed)

    def unused(self) -> list[Fault]:
        """Return the faults that have happened less often than they were to (`times`, `nth`)."""
        with self._lock:
            return [rule.fault for rule in self._rules if rule.unused]

    @property
    def rules(self) -> list[Rule]:
        """The rules in force, in order."""
        with self._lock:
            return list(self._rules)
