"""Fields and filters can be keys of a dict: equal ones have one hash, and different ones rarely do."""

from __future__ import annotations

from honeyhive_ext.filters import F


def test_fields_and_filters_hash_by_their_content() -> None:
    assert hash(F("a", "b")) == hash(F("a", "b"))
    assert len({hash(F(name)) for name in "abcdef"}) > 1
    assert len({hash(F(f"config.{name}") == 1) for name in "abcdef"}) > 1
