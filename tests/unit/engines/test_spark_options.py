"""The options of the Spark data source: what they take, and that none takes a key."""

from __future__ import annotations

import pickle
from datetime import timedelta
from pathlib import Path

import pytest

from honeyhive_ext.engines.spark_options import read_options
from honeyhive_ext.errors import ConfigError, HoneyHiveError

NOW = 1_767_225_600_000


def test_options_may_be_written_in_any_case() -> None:
    for name in ("pageSize", "pagesize", "PAGESIZE", "page_size"):
        assert read_options({name: "20"}, NOW).page_size == 20


def test_the_range_is_written_as_for_a_search_or_as_unix_ms() -> None:
    query = read_options({"start": "24h", "end": str(NOW)}, NOW).query(NOW)
    assert (query.start, query.end) == (NOW - 86_400_000, NOW)
    assert read_options({"start": "2026-01-01Z"}, NOW).query(NOW).start == NOW


def test_filters_are_text() -> None:
    (one,) = read_options({"filters": "metadata.cost > 0.5"}, NOW).query(NOW).filters
    assert one.to_text() == "metadata.cost > 0.5"
    assert read_options({"filters": " "}, NOW).query(NOW).filters == ()


def test_columns_are_the_fixed_ones_and_values_inside_objects_with_types() -> None:
    made = read_options({"columns": 'event_id, metadata."a,b":number ,start_time'}, NOW)
    assert made.names == ("event_id", "metadata.a,b", "start_time")
    assert [one.kind for one in made.nested] == ["number"]
    everything = read_options({"columns": "*, metadata.cost:number"}, NOW)
    assert everything.names[-1] == "metadata.cost"
    assert everything.names[:-1] == read_options({}, NOW).names


@pytest.mark.parametrize(
    "name",
    [
        "apiKey",
        "api_key",
        "APIKEY",
        "token",
        "hh_api_key",
        "bearer",
        "secret",
        "password",
        "ingestion_api_key",
    ],
)
def test_a_key_is_no_option_and_the_error_says_what_to_do_without_showing_it(name: str) -> None:
    with pytest.raises(ConfigError, match=r"HH_API_KEY.*apiKeyFile") as caught:
        read_options({name: "hh_very_secret"}, NOW)
    assert "very_secret" not in str(caught.value)


def test_a_key_in_place_of_its_file_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError, match="path of a file") as caught:
        read_options({"apiKeyFile": "hh_very_secret"}, NOW)
    assert "very_secret" not in str(caught.value)


def test_the_key_is_read_from_its_file_and_in_no_repr_and_no_pickle(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("  hh_very_secret\n")
    made = read_options({"apiKeyFile": str(file)}, NOW)
    key = made.key()
    assert key is not None
    assert key.reveal() == "hh_very_secret"
    assert b"very_secret" not in pickle.dumps(made)
    assert "very_secret" not in repr(made)
    assert pickle.loads(pickle.dumps(made)) == made


def test_a_file_without_a_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name, reason in (
        ("missing", "No such file"),
        ("empty", "is empty"),
        ("binary", "cannot be read"),
        ("", "directory"),
    ):
        with pytest.raises(ConfigError, match=reason) as caught:
            read_options({"apiKeyFile": str(tmp_path / name)}, NOW).key()
        assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pagesise": "5"}, "did you mean pageSize"),
        ({"path": "x"}, "there is no option 'path'"),
        ({"pageSize": "0"}, "pageSize is 0"),
        ({"pageSize": "1001"}, "1 to 1000"),
        ({"numPartitions": "four"}, "numPartitions is 'four'"),
        ({"numPartitions": "-1"}, "numPartitions is -1"),
        ({"requestsPerSecond": "0"}, "above 0"),
        ({"requestsPerSecond": "nan"}, "above 0"),
        ({"requestsPerSecond": "fast"}, "above 0"),
        ({"lag": "5"}, "lag is '5'"),
        ({"maxWindow": "0s"}, "maxWindow is '0s'"),
        ({"start": "yesterday"}, "is not a time"),
        ({"start": "1h", "end": "2h"}, "swap them"),
        ({"filters": "cost > 1"}, "metadata.cost"),
        ({"columns": "metadata.cost"}, "metadata.cost:number"),
        ({"columns": "event_id, event_id"}, "twice"),
        ({"columns": "*, event_id"}, "twice"),
        ({"columns": " , "}, "columns"),
        ({"columns": "evnt_id"}, "columns: 'evnt_id'"),
        ({"evaluationId": ""}, "evaluation_id"),
    ],
    ids=repr,
)
def test_a_wrong_option_is_an_error_that_names_it(options: dict[str, str], message: str) -> None:
    with pytest.raises(HoneyHiveError, match=message):
        read_options(options, NOW)


def test_durations_are_written_as_elsewhere() -> None:
    made = read_options({"lag": "0s", "maxWindow": "1h30m"}, NOW)
    assert (made.lag, made.window) == (timedelta(0), timedelta(minutes=90))
    assert read_options({}, NOW).lag == timedelta(minutes=5)
