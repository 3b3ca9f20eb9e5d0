"""The parts of a job. Standard library only: the processes of all contenders import it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

#: Where a contender runs: the project's environment, the official SDK's, or the stock generator's.
Env = Literal["project", "sdk", "stock"]
#: cpu: µs of CPU a unit. rate: units a second by the clock. memory: MB above the start. count: numbers
#: from `run`.
Metric = Literal["cpu", "rate", "memory", "count"]


@dataclass(frozen=True)
class Target:
    """The server and the sizes that a contender works with."""

    url: str
    host: str
    port: int
    units: int  # how many the process is asked for in all, where that is known beforehand (memory)

    @property
    def tls(self) -> bool:
        return self.url.startswith("https")


#: Sends or reads so many units and returns how many the server confirmed (for `count`: the numbers).
Run = Callable[[int], int | dict[str, float]]


@dataclass(frozen=True)
class Contender:
    """One row. `setup` runs once, in its own process, and returns the function to measure."""

    name: str
    setup: Callable[[Target], Run]
    env: Env = "project"


@dataclass(frozen=True)
class Program:
    """One row of which the whole process is measured: `python -c source URL`."""

    name: str
    source: str
    env: Env = "project"


@dataclass(frozen=True)
class Must:
    """`ours` costs at most `at_most` times `base` (as a rate: at least that part); `then` is the next goal.

    Without a base it costs at most `at_most` itself. `says` is its row in the table of docs/performance.md.
    """

    ours: str
    base: str
    at_most: float
    then: float | None = None
    says: str = ""


@dataclass(frozen=True)
class Job:
    """One table of the results."""

    name: str
    title: str
    rows: tuple[Contender | Program, ...]
    unit: str = "event"
    metric: Metric = "cpu"
    clock: bool = False  # of a job by CPU: print units a second by the clock as well
    step: int = 1  # units are asked for in multiples of this
    same_units: bool = False  # a round has a step for each of its seconds, however long that takes
    descendants: bool = False  # the CPU is that of the contender's process and of those that it has started
    alone: bool = False  # runs only if it is named, as it has a session of its own
    delay_ms: float = 0
    tls: bool = False
    units: int = 0  # a fixed number of units, once, in a fresh process each round; 0: calibrated rounds
    subtract: str = ""  # the row that is taken off all others, such as the bare interpreter
    musts: tuple[Must, ...] = field(default=())
    note: str = ""
