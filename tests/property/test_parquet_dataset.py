"""Whatever events there are, come late and whenever a run is killed: each event is in a set exactly once."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from honeyhive_ext.results import exports
from tests.support.dying import Killed, dying
from tests.support.parquet_sets import BASE, DAY, HOUR, Project, files_in, ids_in
from tests.support.scale import scaled

OVERLAP = 6 * HOUR
TIMES = (
    st.integers(0, 3 * DAY).map(lambda ms: BASE + ms)
    | st.integers(0, 72).map(lambda hour: BASE + hour * HOUR)
    | st.integers(0, 30).map(lambda n: BASE + DAY - 15 + n / 2)
)
STEPS = st.lists(
    st.tuples(
        st.lists(TIMES, max_size=12),  # arrive
        st.lists(st.integers(0, OVERLAP), max_size=6),  # arrive late
        st.none() | st.integers(0, 120),  # file operations until the run is killed
    ),
    min_size=1,
    max_size=4,
)
OPTIONS = st.fixed_dictionaries(
    {
        "partition": st.sampled_from(["day", "hour", "month"]),
        "page_size": st.sampled_from([3, 5, 20]),
        "parallel": st.sampled_from([1, 3]),
        "bounded": st.booleans(),
    }
)
SWITCHES = st.fixed_dictionaries(
    {
        "ties": st.sampled_from(["newest", "shuffled"]),
        "missing": st.sampled_from(["matches", "exclude"]),
        "count": st.sampled_from(["total", "page"]),
    }
)


@given(steps=STEPS, options=OPTIONS, switches=SWITCHES, untimed=st.integers(0, 2))
@settings(max_examples=scaled(240, 12))
def test_each_event_is_there_exactly_once_after_any_runs(
    steps: list[Any], options: dict[str, Any], switches: dict[str, Any], untimed: int
) -> None:
    bounded = options["bounded"]
    search = {"page_size": options["page_size"], "parallel": options["parallel"]}
    search |= {"start": BASE, "end": BASE + 4 * DAY} if bounded else {}
    with (
        Project(**switches) as project,
        tempfile.TemporaryDirectory() as name,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = Path(name) / "set"
        patch.setattr(exports, "now_ms", lambda: BASE + 5 * DAY)
        project.add([None] * (0 if bounded else untimed))
        newest: float = BASE  # of the first events of a step: later steps bring nothing that is too late
        for arriving, late, most in steps:
            project.add(time for time in arriving if time >= newest - OVERLAP)
            newest = max([newest, *(time for time in project.times.values() if time is not None)])
            project.add(newest - back for back in late if newest - back >= BASE)
            try:
                with dying(most):
                    project.hh.events.search(**search).to_parquet_dataset(
                        folder, partition=options["partition"], overlap=f"{OVERLAP}ms"
                    )
            except Killed:
                files_in(folder)
                assert max(ids_in(folder).values(), default=1) == 1
        project.hh.events.search(**search).to_parquet_dataset(
            folder, partition=options["partition"], overlap=f"{OVERLAP}ms"
        )
        assert ids_in(folder) == project.ids()
        before = files_in(folder)
        again = project.hh.events.search(**search)
        assert again.to_parquet_dataset(folder, partition=options["partition"]) == 0
        assert files_in(folder) == before
        assert not [*(folder / "_honeyhive" / "unfinished").iterdir()]
