"""Conditions as text: what each form means, and what an error says."""

from __future__ import annotations

import pickle
import warnings

import pytest

from honeyhive_ext import F, FilterTextError, FilterWarning, QueryError
from honeyhive_ext.filters import AllOf, as_filters, parse

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z

FORMS = [
    ("metadata.cost > 0.5", F("metadata.cost") > 0.5),
    ("metadata.cost>0.5", F("metadata.cost") > 0.5),
    ("metadata.cost less than .5", F("metadata.cost") < 0.5),
    ("metadata.cost GREATER  THAN 1e-3", F("metadata.cost") > 0.001),
    ("event_type == model", F.event_type == "model"),
    ("event_type = 'model'", F.event_type == "model"),
    ('event_type is "model"', F.event_type == "model"),
    ("event_type != model", F.event_type != "model"),
    ("event_type is not model", F.event_type != "model"),
    ("(event_type is model)", F.event_type == "model"),
    ("metadata.ok is true", F("metadata.ok") == True),  # noqa: E712
    ("metadata.ok is True", F("metadata.ok") == True),  # noqa: E712
    ('metadata.ok is "true"', F("metadata.ok") == "true"),
    ("metadata.version is 1.2", F("metadata.version") == 1.2),
    ('metadata.version is "1.2"', F("metadata.version") == "1.2"),
    ("metadata.version is 1.2.3", F("metadata.version") == "1.2.3"),
    ("metadata.sha is 007", F("metadata.sha") == "007"),
    ("metadata.url is https://a.example/b?c=d", F("metadata.url") == "https://a.example/b?c=d"),
    ("event_name contains 42", F.event_name.contains("42")),
    ("event_name contains true", F.event_name.contains("true")),
    ("event_name not contains x", F.event_name.not_contains("x")),
    ("error exists", F.error.exists()),
    ("error not exists", F.error.not_exists()),
    ("error == null", F.error.not_exists()),
    ("error != null", F.error.exists()),
    ("error is null", F.error.where("is", None)),
    ("start_time after 24h", F.start_time.after("2025-12-31T00:00:00.000Z")),
    ("start_time after 1d12h ago", F.start_time.after("2025-12-30T12:00:00.000Z")),
    ("start_time before 2026-01-02T00:00+01:00", F.start_time.before("2026-01-02T00:00+01:00")),
    ("start_time before 2026-01-02Z", F.start_time.before("2026-01-02T00:00:00.000Z")),
    ("start_time after 2026-01-02-05:00", F.start_time.after("2026-01-02T05:00:00.000Z")),
    ("start_time > 2026-01-02T00:00Z", F.start_time.after("2026-01-02T00:00Z")),
    ("start_time after 1767225600000", F.start_time.after(1767225600000)),
    ("duration > 1.5s", F.duration > 1500),
    ("duration > 100ms", F.duration > 100),
    ("duration is 2m", F.duration == 120_000),
    ("metadata.window is 24h", F("metadata.window") == "24h"),
    ("metadata.day is 2026-01-02", F("metadata.day") == "2026-01-02"),
    ('metadata."my key".b is 1', F("metadata.my key.b") == 1),
    ("metadata.gen_ai.usage.input_tokens > 5", F("metadata", "gen_ai.usage.input_tokens") > 5),
    ('event_name is "it\'s \\"so\\" \\u00e9\\ud83d\\ude00\\n"', F.event_name == 'it\'s "so" é😀\n'),
    ("event_id is {CAF77ACE-3417-4DA4-944D-F4A0688F3C23}",
     F.event_id == "caf77ace-3417-4da4-944d-f4a0688f3c23"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FORMS, ids=[text for text, _ in FORMS])
def test_a_text_means_what_f_means(text: str, expected: object) -> None:
    assert parse(text, now_ms=NOW) == expected


JOINED = [
    "metadata.cost > 0.5 and event_type == model",
    "metadata.cost > 0.5 AND event_type == model",
    "metadata.cost > 0.5 & event_type == model",
    "metadata.cost>0.5&&event_type==model",
    " ( metadata.cost > 0.5 ) and ( ( event_type == model ) ) ",
    "(metadata.cost > 0.5 and event_type == model)",
    "metadata.cost > 0.5\n\tand event_type == 'model'",
]


@pytest.mark.parametrize("text", JOINED)
def test_conditions_are_joined_by_and(text: str) -> None:
    assert parse(text) == (F("metadata.cost") > 0.5) & (F.event_type == "model")


def test_a_text_without_conditions_is_no_filter() -> None:
    assert parse("") == parse(" \n") == AllOf(())


def test_a_text_is_a_filter_wherever_filters_are_given() -> None:
    both = (F("metadata.cost") > 0.5) & (F.event_type == "model")
    assert as_filters(["metadata.cost > 0.5", F.event_type == "model"]) == both.filters
    assert (F("metadata.cost") > 0.5) & "event_type == model" == both


ERRORS: list[tuple[str, str, str, str | None]] = [  # text, wrong part, reason, suggestion
    ("cost > 1", "cost", "events have no field 'cost': write metadata.cost", "metadata.cost"),
    ("metdata.cost > 1", "metdata.cost", "events have no field 'metdata'", "metadata.cost"),
    ("metadata.cost >= 5", ">= 5", "the API has no >=: for whole numbers write > 4", "> 4"),
    ("metadata.cost <= -5", "<= -5", "for whole numbers write < -4", "< -4"),
    ("metadata.cost >= 0.5", ">=", "write > and a slightly lower value", None),
    ("event_type is model or error exists", "or", "AND only: run one search for each", None),
    ("event_type is model || error exists", "||", "AND only", None),
    ("not error exists", "not", "the API has no NOT before a condition", None),
    ("event_type in (model, tool)", "in", "the API has no in: run one search for each", None),
    ("duration between 1 and 2", "between", "write > and <", None),
    ("event_name like x", "like", "did you mean contains?", "contains"),
    ("event_name conatins x", "conatins", "did you mean contains?", "contains"),
    ("event_name =~ x", "=~", "the API has no =~", "contains"),
    ("event_type", "event_type", "an operator is missing after event_type", None),
    ("event_type and error exists", "event_type", "an operator is missing", None),
    ("event_type ==", "", "a value after is is missing at the end", None),
    ("event_type == and error exists", "and", "a value is missing before and", None),
    ("event_type == 5 > 4", "5 > 4", "a value of several words is in quotes", '"5 > 4"'),
    ("event_type > < 4", "<", "two operators", None),
    ("event_name is my event and error exists", "my event", "of several words is in quotes", '"my event"'),
    ("error exists event_type is model", "event_type", "joined by and", "and event_type"),
    ("error exists, event_type is model", ",", "joined by and", " and"),
    ("error exists and", "and", "a condition is missing after and", ""),
    ("and error exists", "and", "a condition is missing before and", None),
    ("(error exists", "(", "the ) for this ( is missing", ""),
    ("error exists)", ")", "there is no ( for this )", ""),
    ("()", ")", "a field such as metadata.cost is expected", None),
    ('event_name is "abc', '"abc', 'the closing " is missing', '"abc"'),
    ("event_name is “abc”", "“abc”", 'write "', '"abc"'),
    ("event_name is “abc", "“", 'write "', '"'),
    ("metadata.a is 1,000", ",", "numbers are written without commas", ""),
    ("metadata.a is 1,error exists", ",", "joined by and", " and "),
    ("start_time after 2026-10-25T02:30[Europe/Berlin]", "2026-10-25T02:30[Europe/Berlin]", "twice", None),
    ("start_time > 2026-03-29T02:30[Europe/Berlin]", "2026-03-29T02:30[Europe/Berlin]", "not come", None),
    (r'event_name is "a\qb"', r"\q", "no such escape", r"\\q"),
    ('event_name is "\\ud800"', '"\\ud800"', "a lone surrogate", None),
    ("start_time after 2026-01-02", "2026-01-02", "the time has no zone", "2026-01-02T00:00:00Z"),
    ("start_time > 2026-01-02T10:00", "2026-01-02T10:00", "the time has no zone", "2026-01-02T10:00Z"),
    ("start_time after yesterday", "yesterday", "is not a time: write a time with its zone", None),
    ("start_time > 24h", "24h", "write start_time after 24h", None),
    ("start_time after 99999999w", "99999999w", "before the year 1", None),
    ("metadata.id is " + "9" * 5000, "9" * 5000, "64 bits: put it in quotes", f'"{"9" * 5000}"'),
    ("metadata.id is 1e999", "1e999", "not a JSON number", None),
    ("metadata.a is a as strng", "strng", "the type after as is one of", "string"),
    ("F.event_type == model", "F.event_type", "a field is its path alone", "event_type"),
    ("event_name is \ud800", "\ud800", "a lone surrogate", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrong", "reason", "suggestion"), ERRORS, ids=[e[0][:40] for e in ERRORS])
def test_an_error_says_where_and_what_to_write(
    text: str, wrong: str, reason: str, suggestion: str | None
) -> None:
    with pytest.raises(FilterTextError) as raised:
        parse(text)
    error = raised.value
    assert text[error.position : error.position + error.length] == wrong
    assert reason in error.reason
    assert error.reason in str(error)
    assert error.suggestion == suggestion
    assert isinstance(error, QueryError)


@pytest.mark.parametrize("text", [e[0] for e in ERRORS if e[3] and "“" not in e[0] and e[1] != "\\q"])
def test_what_an_error_suggests_can_be_read(text: str) -> None:
    with pytest.raises(FilterTextError) as raised:
        parse(text)
    error = raised.value
    repaired = text[: error.position] + (error.suggestion or "") + text[error.position + error.length :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FilterWarning)
        parse(repaired)


def test_known_paths_are_fields_and_suggestions() -> None:
    known = ["tenant.name", "tenant", "metadata.usage.cost"]
    with pytest.warns(FilterWarning, match="events have no field 'tenant'"):
        assert parse("tenant.name is a", known=known) == F("tenant.name").where("is", "a")
    with pytest.raises(FilterTextError) as raised:
        parse("cost > 1", known=known)
    assert raised.value.suggestion == "metadata.usage.cost"


def test_a_field_in_quotes_is_taken_as_it_is() -> None:
    with pytest.warns(FilterWarning):
        assert parse('"cost" > 1') == F("cost").where("greater than", 1)


def test_a_condition_that_matches_nothing_warns_as_f_does() -> None:
    with pytest.warns(FilterWarning, match="no event_type 'modle'"):
        parse("event_type is modle")


def test_an_error_survives_pickling() -> None:
    with pytest.raises(FilterTextError) as raised:
        parse("cost > 1")
    copied = pickle.loads(pickle.dumps(raised.value))
    assert (str(copied), copied.position, copied.suggestion) == (str(raised.value), 0, "metadata.cost")
