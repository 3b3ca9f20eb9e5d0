"""Hypothesis strategies for tests of code that sends or reads events, made from the JSON Schemas.

They need hypothesis (`pip install 'honeyhive-ext[testing]'`). The guide is docs/testing.md.

>>> from hypothesis import given
>>> from honeyhive_ext.testing import events
>>> @given(events())
... def test_my_redaction_keeps_every_field(event):
...     assert {**event} == event
>>> test_my_redaction_keeps_every_field()
"""

try:
    import hypothesis as _  # noqa: F401
except ImportError as error:
    raise ImportError(
        "honeyhive_ext.testing needs hypothesis: pip install 'honeyhive-ext[testing]'"
    ) from error

from honeyhive_ext.testing.json_schema import values
from honeyhive_ext.testing.strategies import (
    RESPONSES,
    batches,
    events,
    responses,
    searches,
    sessions,
    stored_events,
    updates,
)

__all__ = [
    "RESPONSES",
    "batches",
    "events",
    "responses",
    "searches",
    "sessions",
    "stored_events",
    "updates",
    "values",
]
