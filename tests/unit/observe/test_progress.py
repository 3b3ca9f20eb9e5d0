"""A batch reports its progress to a function of the caller or to a bar of tqdm."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.observe.progress import Watcher


class Drawn:
    """The part of tqdm that a bar uses."""

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.n = 0
        self.closed = 0

    def update(self, more: int) -> None:
        self.n += more

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[Drawn]:
    drawn: list[Drawn] = []

    def tqdm(**options: Any) -> Drawn:
        drawn.append(Drawn(**options))
        return drawn[-1]

    monkeypatch.setitem(sys.modules, "tqdm.auto", SimpleNamespace(tqdm=tqdm))
    return drawn


def test_a_function_gets_each_new_number_once_and_nothing_after_the_end() -> None:
    told: list[tuple[int, int | None]] = []
    watcher = Watcher(lambda done, total: told.append((done, total)), 9)
    for settled in (0, 0, 4, 4, 9, 9):
        watcher.tell(settled)
    assert told == [(4, 9), (9, 9)]
    watcher.close()
    watcher.tell(10)
    assert told == [(4, 9), (9, 9)]


def test_a_function_gets_none_if_the_number_of_events_is_not_known() -> None:
    told: list[tuple[int, int | None]] = []
    Watcher(lambda done, total: told.append((done, total)), None).tell(1)
    assert told == [(1, None)]


def test_a_bar_counts_events_up_to_their_number_and_is_closed_at_the_end(bars: list[Drawn]) -> None:
    watcher = Watcher(True, 9)
    (bar,) = bars
    assert bar.options == {"total": 9, "unit": "event", "unit_scale": True}
    watcher.tell(4)
    watcher.tell(9)
    assert bar.n == 9
    assert bar.closed == 0
    watcher.close()
    watcher.tell(10)
    assert (bar.n, bar.closed) == (9, 1)


def test_without_progress_nothing_is_drawn_or_called(bars: list[Drawn]) -> None:
    watcher = Watcher(False, 9)
    watcher.tell(4)
    watcher.close()
    assert bars == []


def test_a_bar_without_tqdm_is_refused_with_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tqdm", None)
    with pytest.raises(ConfigError) as refused:
        Watcher(True, 9)
    assert str(refused.value) == (
        "progress=True needs tqdm: pip install 'honeyhive-ext[progress]', or give a function of (done, total)"
    )


def test_a_progress_that_is_not_a_function_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        Watcher("bar", 9)  # type: ignore[arg-type]
    assert str(refused.value) == "progress is 'bar': give True, False or a function of (done, total)"
