"""The drivers of generators of steps: what they send, return and raise, and what they leave behind."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Generator
from typing import Any

import pytest

from honeyhive_ext.http.drive import drive, drive_async

Steps = Generator[str, int | None, str]


def run(steps: Steps, do: Callable[[str], int | None]) -> str:
    return drive(steps, do)


def run_async(steps: Steps, do: Callable[[str], int | None]) -> str:
    async def done(step: str) -> int | None:
        return do(step)

    return asyncio.run(drive_async(steps, done))


both = pytest.mark.parametrize("run", [run, run_async])


class Decisions:
    """Two steps, and how they ended."""

    def __init__(self) -> None:
        self.outcomes: list[int | None] = []
        self.ended = False

    def steps(self) -> Steps:
        try:
            for step in ("one", "three"):
                self.outcomes.append((yield step))
        finally:
            self.ended = True
        return "done"


@both
def test_each_step_is_done_and_its_outcome_sent_back(run: Callable[..., str]) -> None:
    decisions = Decisions()
    assert run(decisions.steps(), len) == "done"
    assert decisions.outcomes == [3, 5]


@both
def test_an_error_of_a_step_ends_the_decisions(run: Callable[..., str]) -> None:
    def fail(step: str) -> int:
        raise ZeroDivisionError(step)

    decisions = Decisions()
    with pytest.raises(ZeroDivisionError, match="one"):
        run(decisions.steps(), fail)
    assert (decisions.outcomes, decisions.ended) == ([], True)


@pytest.mark.parametrize(("run", "error"), [(run, StopIteration), (run_async, RuntimeError)])
def test_a_step_that_raises_stop_iteration_is_not_the_end_of_the_decisions(
    run: Callable[..., str], error: type[Exception]
) -> None:
    nothing: Any = iter(())
    decisions = Decisions()
    with pytest.raises(error):  # asyncio makes a RuntimeError of it
        run(decisions.steps(), lambda _: next(nothing))
    assert decisions.ended


@both
def test_an_error_of_the_decisions_shows_no_outcome_in_its_frames(run: Callable[..., str]) -> None:
    def decide() -> Steps:
        yield "ask"
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as caught:
        run(decide(), lambda _: 1234567)
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "1234567" not in "".join(trace.format()).replace("lambda _: 1234567", "")
