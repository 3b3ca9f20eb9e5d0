"""Summaries of searches and of files are those of the events, and say what they leave out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from honeyhive_ext import AsyncHoneyHive, ConfigError, HoneyHive, QueryError, summarize
from honeyhive_ext.local import LocalServer
from honeyhive_ext.results.summary import IN_A_NOTEBOOK, MOST_GROUPS, Summary
from honeyhive_ext.views.cells import cells
from tests.support.inert import inert

BASE = 1_767_225_600_000


def events(number: int) -> list[dict[str, Any]]:
    return [
        {
            "event_type": ["model", "tool", "chain"][n % 3],
            "inputs": {},
            "start_time": BASE + n,
            "duration": n,
            "metadata": {"model": f"m{n % 2}", "gen_ai.system": "x", "total_tokens": 2, "cost": 0.1},
            **({"error": "boom"} if n % 5 == 0 else {}),
        }
        for n in range(number)
    ]


def dicts(summary: Summary) -> list[dict[str, Any]]:
    return [*summary.to_dicts(), summary.total.to_dict()]


def test_a_summary_counts_errors_durations_tokens_and_costs(hh: HoneyHive, server: LocalServer) -> None:
    server.seed(events(60))
    summary = hh.events.search(page_size=25).summary(by="event_type")
    assert [row.value for row in summary] == ["tool", "model", "chain"] or len(summary) == 3
    model = summary["model"]
    durations = list(range(0, 60, 3))
    assert (model.count, model.errors) == (20, 4)
    assert (model.p50, model.p95, model.p99) == (durations[9], durations[18], durations[19])
    assert (model.total_tokens, model.cost, model.exact) == (40, 2.0, True)
    assert summary.total.count == 60
    assert summary.total.cost == 2.0  # of the model events
    whole = hh.events.search().summary()
    assert [row.to_dict() for row in whole] == [{**summary.total.to_dict()}]


def test_both_clients_and_files_of_every_form_have_the_same_summary(
    hh: HoneyHive, server: LocalServer, tmp_path: Path
) -> None:
    server.seed(events(60))
    search = hh.events.search(page_size=25)
    expected = dicts(search.summary(by="metadata.model"))

    async def ahead() -> list[dict[str, Any]]:
        async with AsyncHoneyHive(api_key="x", base_url=server.url) as ahh:
            return dicts(await ahh.events.search().summary(by="metadata.model"))

    assert asyncio.run(ahead()) == expected
    for name in ("events.jsonl", "events.jsonl.gz", "events.jsonl.zst"):
        search.to_jsonl(tmp_path / name)
        assert dicts(summarize(tmp_path / name, by="metadata.model")) == expected
    search.to_parquet(tmp_path / "events.parquet")
    assert dicts(summarize(str(tmp_path / "events.parquet"), by="metadata.model")) == expected
    assert dicts(summarize(search.to_list(), by="metadata.model")) == expected
    assert summarize(search.raw(), by="metadata.gen_ai.system")["x"].count == 60


def test_the_model_is_found_wherever_it_is() -> None:
    given: list[Any] = [{"config": {"model": "a"}}, {"metadata": {"model_name": "a"}}, {"inputs": {}}, None]
    summary = summarize(given, by="model")
    assert summary["a"].count == 2
    assert summary[None].count == 2


def test_more_values_than_rows_are_counted_together() -> None:
    given = [{"metadata": {"k": n}, "duration": 1} for n in range(MOST_GROUPS + 7)]
    summary = summarize(given, by="metadata.k")
    assert len(summary) == MOST_GROUPS
    assert summary.others is not None
    assert summary.others.count == 7
    assert "(other values)" in str(summary)


def test_values_of_every_kind_make_groups() -> None:
    values: list[Any] = [1, True, "1", 1.5, None, [1], {"a": 1}, "x" * 500, "x" * 500 + "y", "\x1b[31m"]
    summary = summarize([{"metadata": {"k": value}} for value in values], by="metadata.k")
    assert len(summary) == len(values)
    assert summary[True].count == summary[1].count == 1
    assert "\x1b" not in str(summary)


def test_a_session_s_own_figures_count_only_if_its_steps_have_none() -> None:
    session = {"event_type": "session", "metadata": {"cost": 5}}
    assert summarize([session]).total.cost == 5
    assert summarize([session, {"event_type": "tool", "metadata": {"cost": 1}}]).total.cost == 1


def test_a_field_that_is_mistyped_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(QueryError, match=r"did you mean by='metadata\.model'"):
        summarize([], by="metdata.model")
    with pytest.raises(QueryError, match="give the path of a field"):
        summarize([], by=5)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="cannot be read"):
        summarize(tmp_path / "missing.jsonl")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"event_type":"tool"}\n{\n')
    with pytest.raises(ConfigError, match=r"bad\.jsonl, line 2 is not JSON"):
        summarize(bad)


def test_no_events_are_a_summary_too() -> None:
    total = summarize([]).total
    assert (total.count, total.p50, total.cost) == (0, None, None)
    assert str(summarize([], by="event_type")).splitlines()[0].startswith("event_type")


def test_a_notebook_shows_the_first_values_and_counts_the_others() -> None:
    summary = summarize(
        ({"event_name": f"<n{n:02}>", "duration": 5} for n in range(IN_A_NOTEBOOK + 7)), by="event_name"
    )
    read = inert(str(summary._repr_html_()))
    assert "event_namecounterrorsp50p95p99" in read.text
    assert f"<n{IN_A_NOTEBOOK - 1}>" in read.text
    assert f"<n{IN_A_NOTEBOOK}>" not in read.text
    assert f"(all){IN_A_NOTEBOOK + 7}" in read.text
    assert "7 more values" in read.text


def test_wide_values_keep_the_columns_of_a_printed_summary() -> None:
    printed = str(summarize(({"event_name": name} for name in ("検索", "plan")), by="event_name"))
    assert len({cells(line.rstrip()) for line in printed.splitlines()[1:]}) == 1


def test_every_nan_is_one_value() -> None:
    events = [{"metadata": {"score": float(text)}} for text in ("nan", "nan", "inf", "nan")]
    assert [row.count for row in summarize(events, by="metadata.score")] == [3, 1]
