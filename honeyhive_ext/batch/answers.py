"""What the service's answer to a batch says about each event."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import cast

from attrs import field, frozen

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.scrub import NO_KEYS, Scrub
from honeyhive_ext.errors import APIStatusError, HoneyHiveError, ResponseError, error_class
from honeyhive_ext.payload.ids import one_form
from honeyhive_ext.serialize.exact_json import answered_value


@frozen
class BatchAnswer:
    """The service's answer to one request.

    Attributes:
        status: The HTTP status.
        content: The body.
        error: The error that the sender makes of this answer, or None for a success.
        scrub: Takes the keys out of other errors about it.
    """

    status: int
    content: bytes = field(repr=False)  # it can repeat the key, and tracebacks can show variables
    error: APIStatusError | None = None
    scrub: Scrub = field(default=NO_KEYS, eq=False)


def is_partial(status: int, content: bytes) -> bool:
    """Return whether an answer is the 500 that says which events of a batch are stored.

    The API document showed it as `{event_ids, errors, success}` and gives it no schema now. A plain 500 is
    a failure as any other: the whole request is sent again.

    >>> is_partial(500, b'{"event_ids": [], "errors": ["x"], "success": false}'), is_partial(500, b"oops")
    (True, False)
    """
    return status == 500 and listed_ids(content) is not None


def _json_object(content: bytes) -> dict[str, object] | None:
    value = answered_value(content)
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _list(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def listed_ids(content: bytes) -> list[str] | None:
    """Return the ids that an answer lists, ours or not, or None if it has no list of ids."""
    ids = _list((_json_object(content) or {}).get("event_ids"))
    if ids is None:
        return None
    listed = [event_id for event_id in ids if isinstance(event_id, str)]
    return listed if len(listed) == len(ids) else None


def missing(answer: BatchAnswer, ours: Sequence[str], *, ids_in_answer: bool) -> Set[str] | None:
    """Return those of our ids that an answer leaves out, or None if the answer is not about our events.

    Args:
        answer: The answer.
        ours: The ids that were sent.
        ids_in_answer: Whether a success must list ids, as that of createEventBatch does.
    """
    listed = listed_ids(answer.content)
    if listed is not None:
        if listed == ours:
            return frozenset()
        left = set(ours)
        if left.issuperset(listed):
            return left.difference(listed)
        # A UUID in capitals or without hyphens is the same UUID (RFC 9562, 4), and a service may write it so.
        by_form = {one_form(event_id): event_id for event_id in ours}
        found = {one_form(event_id) for event_id in listed}
        return left - {by_form[i] for i in found} if found <= by_form.keys() else None
    if ids_in_answer or answer.status == 500:
        return None
    # createSessionEventBatch answers 200 {"success": bool} and names no ids (API document 1.9.0)
    success = (_json_object(answer.content) or {}).get("success")
    if success is True:
        return frozenset()
    return set(ours) if success is False else None


def status_error(answer: BatchAnswer) -> APIStatusError:
    """Return the error that an answer is."""
    if answer.error is not None:
        return answer.error
    return error_class(answer.status)(answer.status, "", body=answer.scrub.content(answer.content))


def left_out(answer: BatchAnswer) -> HoneyHiveError:
    """Return the error of an event that the service never stores, in the service's words."""
    body = _json_object(answer.content) or {}
    said = "; ".join(str(text) for text in _list(body.get("errors")) or ())
    text = said or str(body.get("message") or "the service did not store this event and gave no reason")
    text, kept = printable(answer.scrub.text(text)), answer.scrub.content(answer.content)
    if answer.status >= 400:
        return error_class(answer.status)(answer.status, text, body=kept)
    return ResponseError(text, status=answer.status, body=kept)
