"""The checks of filters, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from honeyhive_ext.local.filters.predicates import BadFilterError, read_filter
from honeyhive_ext.local.switches import Switches


@pytest.mark.parametrize(
    ("filter_", "key", "message"),
    [
        (("a", "starts with", "x"), "operator", "does not know the operator 'starts with'"),
        (("x" * 5000, "is", 1), "field", "longer than 4096 characters"),
        (("a", "is", "5", "number"), "value", "'5' is not of type number"),
        (("a", "contains", 5), "value", "contains takes a string, not 5"),
        (("a", "greater than", True), "value", "a number, a string or a point in time, not True"),
        (("a", "after", "soon"), "value", "after takes ISO 8601 text or Unix milliseconds, not 'soon'"),
        (("a", "after", 5, "boolean"), "value", "after compares points in time, not type boolean"),
        (("a", "contains", "2026-01-01", "datetime"), "value", "contains does not compare points in time"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_filter_without_a_meaning_is_refused_with_the_key_that_is_wrong(
    filter_: tuple[Any, ...], key: str, message: str
) -> None:
    given: dict[str, Any] = dict(zip(("field", "operator", "value", "type"), filter_, strict=False))
    with pytest.raises(BadFilterError) as caught:
        read_filter(given, Switches())
    assert caught.value.key == key
    assert message in str(caught.value)
