"""The ledger of a batch: what is known of each event, step by step."""

from __future__ import annotations

import random

import pytest

from honeyhive_ext.batch.ledger import KEPT_BYTES, Ledger
from honeyhive_ext.batch.plan import Chunk, Part
from honeyhive_ext.batch.report import BatchReport
from honeyhive_ext.errors import APIConnectionError, EventError
from tests.support.batches import Entry, chunk_of, entries, event_id

LOST = APIConnectionError("reset")


def close(ledger: Ledger, read: int = 0) -> BatchReport:
    return ledger.close(session_id=None, read=read, stopped=None)


def planned(ledger: Ledger, *positions: int) -> Chunk:
    """One chunk of events at these positions, which their ids name."""
    chunk = chunk_of([Entry(position, f"id {position}", b"{}") for position in positions])
    ledger.plan(chunk)
    return chunk


def test_an_id_is_known_once_its_chunk_is_planned() -> None:
    ledger = Ledger()
    identity = event_id(random.Random(1))
    assert not ledger.holds(identity)
    ledger.plan(chunk_of([Entry(0, identity, b"{}"), Entry(1, "another", b"{}")]))
    assert ledger.holds(identity)
    assert ledger.holds("another")
    assert not ledger.holds(event_id(random.Random(2)))


def test_settled_events_are_delivered_or_have_failed() -> None:
    ledger = Ledger()
    first, others = Part.of(planned(ledger, 0, 1, 2, 3)).cut(1)
    second, last = others.cut(2)
    assert ledger.settled == 0
    ledger.deliver(first)
    assert (ledger.settled, ledger.delivered) == (1, 1)
    ledger.fail(last, "failed", LOST)
    assert (ledger.settled, ledger.delivered) == (2, 1)
    ledger.deliver(second)
    assert (ledger.settled, ledger.delivered) == (4, 3)


def test_the_open_events_of_a_chunk_are_neither_delivered_nor_failed() -> None:
    ledger = Ledger()
    planned(ledger, 0, 1)
    chunk = planned(ledger, 3, 4, 6, 7, 9)
    assert list(ledger.open(chunk).positions) == [3, 4, 6, 7, 9]
    whole = Part.of(chunk)
    ledger.deliver(whole.only({"id 4"}))
    ledger.fail(whole.only({"id 7"}), "refused", LOST)
    assert list(ledger.open(chunk).positions) == [3, 6, 9]
    ledger.deliver(whole.only({"id 3", "id 9"}))
    assert list(ledger.open(chunk).ids) == ["id 6"]


def test_events_that_were_read_and_never_planned_fail_when_the_batch_is_interrupted() -> None:
    ledger = Ledger()
    ledger.fail_one(0, None, "invalid", EventError("no", path="inputs"))
    chunk = planned(ledger, 2, 4)
    ledger.fail_one(6, None, "invalid", EventError("no", path="inputs"))
    ledger.deliver(Part.of(chunk))
    ledger.fail_rest(9, LOST)
    report = close(ledger, read=9)
    assert report.event_ids == ["id 2", "id 4"]
    assert [(failure.index, failure.reason) for failure in report.failures] == [
        (0, "invalid"),
        (1, "not_sent"),
        (3, "not_sent"),
        (5, "not_sent"),
        (6, "invalid"),
        (7, "not_sent"),
        (8, "not_sent"),
    ]
    lost = [failure for failure in report.failures if failure.reason == "not_sent"]
    assert all((failure.event_id, failure.error) == (None, LOST) for failure in lost)


def test_events_that_were_never_read_do_not_fail() -> None:
    ledger = Ledger()
    ledger.deliver(Part.of(planned(ledger, 0, 1)))
    ledger.fail_rest(2, LOST)
    assert close(ledger, read=2).failures == ()


def test_the_tracebacks_of_an_error_s_causes_are_dropped() -> None:
    def raised(error: Exception) -> Exception:
        with pytest.raises(type(error)):
            raise error
        assert error.__traceback__ is not None
        return error

    error, before = raised(EventError("no", path="inputs")), raised(ValueError())
    assert isinstance(error, EventError)
    error.__context__ = before  # as if it was raised while the other one is handled
    Ledger().fail_one(0, None, "invalid", error)
    assert error.__traceback__ is before.__traceback__ is None


def test_all_attempts_but_the_first_are_retries_and_all_attempts_of_a_repeated_request() -> None:
    ledger = Ledger()
    ledger.count(1, 10, retry=False)
    ledger.count(3, 100, retry=False)
    ledger.count(2, 1000, retry=True)
    report = close(ledger)
    assert (report.requests, report.retries, report.bytes_sent) == (6, 4, 10 + 300 + 2000)


def test_a_report_has_the_values_that_its_ledger_was_closed_with() -> None:
    ledger = Ledger()
    planned(ledger, 0)
    report = ledger.close(session_id="s", read=7, stopped=LOST)
    assert (report.session_id, report.read, report.stopped) == ("s", 7, LOST)
    assert (list(report.event_ids), report.failures) == ([], ())
    assert (report.requests, report.retries, report.bytes_sent) == (0, 0, 0)


def test_a_failure_keeps_its_event_up_to_the_last_byte_of_the_bound() -> None:
    ledger = Ledger()
    ledger.fail_one(0, "a", "failed", LOST, b"x" * (KEPT_BYTES - 1))
    ledger.fail_one(1, "b", "failed", LOST, b"y")
    ledger.fail_one(2, "c", "failed", LOST, b"")
    ledger.fail_one(3, "d", "failed", LOST, b"z")
    kept = close(ledger).failures
    assert [failure.content and failure.content[:1] for failure in kept] == [b"x", b"y", b"", None]
    assert [failure.event_id for failure in kept] == ["a", "b", "c", "d"]


def test_failures_are_kept_with_index_id_reason_error_and_event() -> None:
    batch = entries(3, random.Random(3))
    ledger = Ledger()
    chunk = chunk_of(batch)
    ledger.plan(chunk)
    ledger.fail(Part.of(chunk), "too_large", LOST)
    for failure, entry in zip(close(ledger).failures, batch, strict=True):
        assert (failure.index, failure.event_id, failure.content) == entry
        assert (failure.reason, failure.error) == ("too_large", LOST)
