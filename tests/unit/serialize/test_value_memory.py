"""What the values of a JSON text take: texts do not mislead the estimate, and it takes no memory itself."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.serialize import value_memory
from honeyhive_ext.serialize.value_memory import ARRAY, OBJECT, VALUE, values_exceed

texts = st.text(st.sampled_from('a",[{\\\n'), max_size=12)
documents = st.recursive(
    st.one_of(st.none(), st.integers(), texts),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(texts, inner)),
)


def memory(value: object) -> int:
    """The estimate, from the value instead of its text."""
    if isinstance(value, dict):
        return OBJECT + VALUE * max(0, len(value) - 1) + sum(map(memory, value.values()))
    if isinstance(value, list):
        return ARRAY + VALUE * max(0, len(value) - 1) + sum(map(memory, value))
    return 0


@given(documents, st.integers(1, 9))
def test_the_estimate_counts_values_and_nothing_inside_texts(value: object, piece: int) -> None:
    text = json.dumps(value).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value_memory, "PIECE", piece)
        patch.setattr(value_memory, "MOST_FOR_A_BYTE", 1_000)
        assert not values_exceed(text, memory(value))
        assert memory(value) == 0 or values_exceed(text, memory(value) - 1)


@given(documents)
def test_no_text_is_too_short_to_be_looked_at(value: object) -> None:
    assert memory(value) <= len(json.dumps(value, separators=(",", ":"))) * value_memory.MOST_FOR_A_BYTE


@pytest.mark.parametrize("unit", [b'"",', b'",",', b"\\\\,", b"[],"])
def test_a_look_at_a_text_takes_little_memory(unit: bytes) -> None:
    text = unit * 3_000_000
    tracemalloc.start()
    try:
        values_exceed(text, len(text))
        assert tracemalloc.get_traced_memory()[1] < 60_000_000
    finally:
        tracemalloc.stop()
