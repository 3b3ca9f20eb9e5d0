"""The answer to one request of a search."""

from __future__ import annotations

import pytest

from honeyhive_ext.errors import BadRequestError
from honeyhive_ext.search.pages.page import Page, PageRefused, page_of

PAGE = Page([{"event_id": "a"}], 1)


def test_an_answer_is_a_page_or_an_error() -> None:
    error = BadRequestError(400, "no")
    assert page_of(PAGE) == PAGE
    with pytest.raises(BadRequestError) as raised:
        page_of(PageRefused(error))
    assert raised.value is error
