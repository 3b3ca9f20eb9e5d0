"""How many requests of a batch are in flight. Pure: clocks are arguments.

More requests only help while the client waits for the service. While its own CPU is the bottleneck, they cost
CPU for threads that wait for one another, and deliver nothing sooner.
"""

from __future__ import annotations

from collections.abc import Callable

from honeyhive_ext.batch.requests import accepts

SHORTEST, LONGEST = 0.002, 0.5  # seconds of patience
SATURATED = 0.9
"""The share of one core from which on the CPU is the bottleneck."""
FREE = 0.7
"""The share of one core below which another request fits."""


class Concurrency:
    """The number of requests in flight, from 1 up to the caller's `max_concurrency`.

    - No answer within about the time that two requests cost the CPU: one more, at once.
    - As many answers came as requests are in flight. The CPU was busy all the time: one less. It was not, and
      they took longer than that: one more.
    - 429: half of them, once for the requests that were in flight; no more before the next answer.

    >>> concurrency = Concurrency(4)
    >>> concurrency.waited(); concurrency.waited(); concurrency.limit
    3
    >>> accept = concurrency.accept()
    >>> accept(429, b"too many requests"), concurrency.limit
    (False, 1)

    Args:
        most: The largest number.
        now: Seconds of a clock that only goes up.
        cpu: Seconds of CPU that the threads of the batch have used.

    Attributes:
        limit: The number.
    """

    def __init__(self, most: int, now: float = 0.0, cpu: float = 0.0) -> None:
        self._most = most
        self._first_cpu = cpu
        self._requests = 0
        self._answers = 0  # since `_since`
        self._since = (now, cpu)
        self._epoch = 0  # counts the times that the service had enough
        self._calm = False
        self._quick = False  # whether the last answer came within the patience
        self._patience = SHORTEST
        self.limit = 1

    @property
    def patience(self) -> float | None:
        """Seconds to wait for an answer before `waited`; None to wait until one comes."""
        return None if self._calm or self.limit >= self._most else self._patience

    @property
    def here(self) -> bool:
        """Whether the calling thread sends itself. Where several may be in flight, it has to look on."""
        return self._most == 1

    def waited(self) -> None:
        """Note that no answer came within `patience` seconds, while events wait to be sent."""
        if not self._calm:
            self.limit = min(self._most, self.limit + 1)

    def answered(self, seconds: float, now: float, cpu: float) -> None:
        """Note the end of one delivery.

        Args:
            seconds: How long it took.
            now: The clock.
            cpu: Seconds of CPU that the threads of the batch have used.
        """
        self._calm = False
        self._requests += 1
        self._patience = min(LONGEST, max(SHORTEST, 2 * (cpu - self._first_cpu) / self._requests))
        self._quick = seconds <= self._patience
        self._answers += 1
        if self._answers >= self.limit:
            since, spent = self._since
            busy = (cpu - spent) / max(now - since, 1e-9)
            if busy >= SATURATED:
                self.limit = max(1, self.limit - 1)
            elif busy < FREE and not self._quick:
                self.waited()
            self._answers, self._since = 0, (now, cpu)

    def accept(self) -> Callable[[int, bytes], bool]:
        """Return the function that says which answers to one delivery count, and notes each 429."""
        epoch = self._epoch

        def accept(status: int, content: bytes) -> bool:
            nonlocal epoch
            if status == 429:
                if epoch == self._epoch:
                    self.limit = max(1, self.limit // 2)
                    self._epoch += 1
                epoch, self._calm = self._epoch, True
            return accepts(status, content)

        return accept
