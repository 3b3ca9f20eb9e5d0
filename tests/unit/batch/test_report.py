"""The report of a batch: what it says, keeps, and never shows."""

from __future__ import annotations

import pickle
import random
import weakref

import pytest

from honeyhive_ext.batch import BatchFailure, BatchReport, report_of
from honeyhive_ext.batch.ledger import KEPT_BYTES, Ledger
from honeyhive_ext.batch.plan import Part
from honeyhive_ext.errors import APIConnectionError, BadRequestError, BatchError, EventError
from tests.support.batches import Entry, chunk_of, entries
from tests.support.inert import inert

REFUSED = BadRequestError(400, "no such event type")


def failure(content: bytes | None = b'{"event_type":"tool","inputs":{"secret":"s3cret"}}') -> BatchFailure:
    return BatchFailure(3, "an id", "refused", REFUSED, content)


def test_no_error_is_raised_for_a_batch_that_arrived_whole() -> None:
    report = BatchReport(event_ids=("a", "b"), requests=1)
    report.raise_for_failures()
    assert report.success


def test_the_error_says_how_many_events_are_missing_and_why_and_comes_from_the_first_failure() -> None:
    report = BatchReport(event_ids=("a",) * 9, failures=(failure(),), requests=4)
    with pytest.raises(BatchError) as caught:
        report.raise_for_failures()
    assert caught.value.report is report
    assert caught.value.__cause__ is REFUSED
    assert str(caught.value) == (
        "1 of 10 events not delivered (1 refused); first: event 3 (an id) refused: 400: no such event type"
    )
    assert not report.success


def test_a_batch_that_stopped_early_is_not_a_success_even_without_failures() -> None:
    report = BatchReport(event_ids=(), stopped=ValueError("empty file"), read=7)
    assert not report.success
    with pytest.raises(
        BatchError, match="stopped after reading 7 events by ValueError: empty file"
    ) as caught:
        report.raise_for_failures()
    assert isinstance(caught.value.__cause__, ValueError)


def test_the_error_counts_each_reason_and_says_if_no_event_failed() -> None:
    invalid = BatchFailure(0, None, "invalid", REFUSED)
    several = BatchReport(event_ids=("a",), failures=(invalid, failure(), failure()))
    assert str(several.error()) == (
        "3 of 4 events not delivered (1 invalid, 2 refused); "
        "first: event 0 (no id) invalid: 400: no such event type"
    )
    stopped = BatchReport(event_ids=("a",), stopped=KeyboardInterrupt(), read=2)
    assert str(stopped.error()) == (
        "stopped after reading 2 events by KeyboardInterrupt; 0 of 1 events not delivered (none failed)"
    )


def test_no_repr_and_no_message_shows_what_is_in_an_event() -> None:
    report = BatchReport(event_ids=("a",), failures=(failure(),))
    error = report.error()
    for text in (repr(report), repr(failure()), str(failure()), str(error), repr(error)):
        assert "s3cret" not in text


def test_a_failed_event_can_be_sent_again_from_the_report() -> None:
    assert failure().event == {"event_type": "tool", "inputs": {"secret": "s3cret"}}
    assert failure(None).event is None


def test_a_report_and_its_error_survive_pickle() -> None:
    report = BatchReport(event_ids=("a",), failures=(failure(),), requests=2, retries=1, bytes_sent=99)
    error = pickle.loads(pickle.dumps(report.error()))
    assert isinstance(error, BatchError)
    copied = error.report
    assert (copied.event_ids, copied.requests, copied.retries, copied.bytes_sent) == (("a",), 2, 1, 99)
    assert copied.failures[0].content == failure().content
    assert str(copied.failures[0].error) == str(REFUSED)


def test_the_repr_is_one_line_of_counts() -> None:
    report = BatchReport(("a",), "s", (failure(), failure()), 5, 1, 900, 3, REFUSED)
    assert repr(report) == (
        "<BatchReport: 1 delivered; 2 failed (2 refused); session s; 5 requests, 1 retries, 900 bytes; "
        "stopped by BadRequestError: 400: no such event type after reading 3>"
    )


def test_the_report_is_found_on_an_error_and_on_its_causes() -> None:
    report = BatchReport(("a",))
    inner = KeyboardInterrupt()
    vars(inner)["report"] = report
    outer = TimeoutError()
    outer.__cause__ = inner
    assert report_of(outer) is report
    assert report_of(inner) is report
    around = RuntimeError()
    around.__context__ = around.__cause__ = outer
    outer.__context__ = around  # the search ends in a circle too
    assert report_of(around) is report
    assert report_of(ValueError()) is None
    assert report_of(None) is None
    around.__cause__ = ValueError()
    around.__cause__.__context__ = around
    assert report_of(around) is None


def test_failures_keep_their_json_up_to_a_bound() -> None:
    ledger = Ledger()
    big = chunk_of([Entry(i, str(i), b"x" * (KEPT_BYTES // 3)) for i in range(5)])
    ledger.plan(big)
    ledger.fail(Part.of(big), "failed", APIConnectionError("reset"))
    report = ledger.close(session_id=None, read=5, stopped=None)
    assert [kept.content is None for kept in report.failures] == [False, False, False, True, True]


def test_a_request_that_ends_after_the_report_does_not_count() -> None:
    batch = entries(4, random.Random(1))
    ledger = Ledger()
    chunk = chunk_of(batch)
    first, second = Part.of(chunk).cut(2)
    ledger.plan(chunk)
    ledger.deliver(first)
    report = ledger.close(session_id=None, read=4, stopped=None)
    ledger.deliver(second)
    ledger.fail(second, "failed", REFUSED)
    ledger.fail_one(9, None, "not_sent", REFUSED)
    assert ledger.settled == 2
    assert report.event_ids == [entry.event_id for entry in batch[:2]]
    assert report.failures == ()


def test_the_report_is_in_the_order_of_the_input() -> None:
    batch = entries(6, random.Random(2))
    ledger = Ledger()
    ledger.fail_one(0, None, "invalid", EventError("no", path="inputs"))
    shifted = [entry._replace(position=entry.position + 1) for entry in batch]
    early, late = chunk_of([shifted[0], shifted[2]]), chunk_of(shifted[3:])
    ledger.plan(early)
    ledger.plan(late)
    refused, others = Part.of(late).cut(1)
    last, others = others.only({batch[5].event_id}), others.without({batch[5].event_id})
    ledger.fail(last, "failed", REFUSED)
    ledger.deliver(others)
    ledger.fail(refused, "refused", REFUSED)
    ledger.deliver(Part.of(early))
    report = ledger.close(session_id=None, read=7, stopped=None)
    assert report.event_ids == [batch[0].event_id, batch[2].event_id, batch[4].event_id]
    assert [failed.index for failed in report.failures] == [0, 4, 6]


def test_the_error_of_a_failure_keeps_nothing_alive() -> None:
    class Large:
        pass

    def refuse(large: Large) -> None:
        try:
            int("x")
        except ValueError as error:
            raise EventError(f"{type(large)} is no number", path="inputs") from error

    def fail() -> weakref.ref[Large]:
        large = Large()
        try:
            refuse(large)
        except EventError as error:
            ledger.fail_one(0, None, "invalid", error)
        return weakref.ref(large)

    ledger = Ledger()
    assert fail()() is None
    kept = ledger.close(session_id=None, read=1, stopped=None).failures[0].error
    assert isinstance(kept.__cause__, ValueError)
    assert kept.__traceback__ is kept.__cause__.__traceback__ is None


def test_a_notebook_shows_what_was_delivered_and_the_first_failures() -> None:
    failures = tuple(BatchFailure(n, f"<{n}>", "refused", REFUSED) for n in range(25))
    read = inert(str(BatchReport(("a",) * 1200, failures=failures, requests=3)._repr_html_()))
    for text in ("delivered1,200", "failed25 (25 refused)", "requests3", "<9>", "15 more"):
        assert text in read.text
    assert "<10>" not in read.text
    assert "retries" not in read.text


def test_a_failure_is_one_line_that_shows_no_content() -> None:
    assert repr(failure()) == f"<BatchFailure: {failure()}>"
    assert "s3cret" not in repr(failure())
    broken = BatchFailure(0, None, "failed", APIConnectionError("a\nb\x1b"))
    assert repr(broken) == "<BatchFailure: event 0 (no id) failed: a\\nb\\x1b>"
