"""Which operation carries the events of a batch, and which answers the reconciliation reads."""

from __future__ import annotations

import pytest

from honeyhive_ext.batch.requests import accepts, batch_call

SESSION = "0b0d9a4e-27c1-4f0b-9a3c-5f1f64f3f6a1"


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
def test_statuses_about_the_events_are_for_the_reconciliation(status: int) -> None:
    assert accepts(status, b"")


def test_a_500_that_lists_the_stored_events_is_for_the_reconciliation_and_no_other_server_error() -> None:
    assert accepts(500, b'{"event_ids": []}')
    assert not accepts(500, b"{}")
    assert not any(accepts(status, b'{"event_ids": []}') for status in (401, 403, 429, 501, 502, 503))


@pytest.mark.parametrize(
    ("session_id", "operation", "path"),
    [
        (None, "createEventBatch", "/v1/events/batch"),
        (SESSION, "createSessionEventBatch", f"/v1/sessions/{SESSION}/events/batch"),
    ],
)
def test_events_of_a_session_go_to_its_path_with_the_key_for_writing(
    session_id: str | None, operation: str, path: str
) -> None:
    call = batch_call(b'{"events":[]}', session_id)
    assert (call.operation, call.write) == (operation, True)
    assert (call.request["url"], call.request["content"]) == (path, b'{"events":[]}')
