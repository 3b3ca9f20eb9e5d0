"""Ids in 16 bytes each, and the memory of ids that came before."""

from __future__ import annotations

import pickle
import random
import tracemalloc
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.batch.packed_ids import EventIds, IdStore, SeenIds
from tests.support.batches import event_id


def test_a_million_ids_take_less_than_64_mb_with_the_memory_of_those_that_came_before() -> None:
    rng = random.Random(1)
    part = 100  # of a million: all of it grows with the number of ids
    ids = [event_id(rng) for _ in range(1_000_000 // part)]
    tracemalloc.start()
    try:
        store, seen = IdStore(), SeenIds()
        for first in range(0, len(ids), 500):
            assert all(seen.add(identity) for identity in ids[first : first + 500])
            store.put(first, ids[first : first + 500])
        report = store.hand_over()
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert report == ids
    assert current < 64_000_000 / part


@given(
    st.lists(st.one_of(st.uuids().map(str), st.uuids().map(lambda u: str(u).upper()), st.text(max_size=9)))
)
def test_any_text_can_be_an_id_and_comes_back_unchanged(ids: list[str]) -> None:
    store = IdStore()
    store.put(0, ids)
    assert list(store.select(range(len(ids)))) == ids
    assert all(store.holds(identity) for identity in ids)
    assert store.hand_over() == ids


def test_positions_left_out_are_skipped() -> None:
    rng = random.Random(2)
    first, second, third = (event_id(rng) for _ in range(3))
    store = IdStore()
    store.put(2, [first])
    store.put(5, [second, "not a UUID", third])
    assert store.select([2, 5, 6, 7]) == [first, second, "not a UUID", third]
    assert store.select([6, 7]) == ["not a UUID", third]
    assert not store.holds(event_id(rng))
    assert not store.holds("another")


def test_an_id_is_found_only_where_an_id_begins() -> None:
    store = IdStore()
    raw = bytes(range(32))
    store.put(0, [str(UUID(bytes=raw[:16])), str(UUID(bytes=raw[16:]))])
    assert not store.holds(str(UUID(bytes=raw[8:24])))
    assert store.holds(str(UUID(bytes=raw[16:])))


def test_an_id_is_found_among_bytes_that_only_look_like_it() -> None:
    def held(raw: bytes) -> IdStore:
        store = IdStore()
        store.put(0, [str(UUID(bytes=raw[at : at + 16])) for at in range(0, len(raw), 16)])
        return store

    one, other = bytes(range(16)), bytes(8)
    # at 8, where no id begins, at 32, where the third does, and at 56, where none does
    assert held(other + one + other + one + other + one + other).holds(str(UUID(bytes=one)))
    # at 15, and one byte further, where the second id begins
    assert held(bytes(15) + b"\x01" * 17).holds(str(UUID(bytes=b"\x01" * 16)))


def test_uuids_take_16_bytes_each_and_the_memory_of_those_that_came_before_12_at_best() -> None:
    rng = random.Random(5)
    ids = [event_id(rng) for _ in range(10_900)]
    store, seen = IdStore(), SeenIds()
    store.put(0, ids)
    for identity in ids:
        seen.add(identity)
    assert len(pickle.dumps(store.select(range(len(ids))))) < 17 * len(ids)
    assert len(pickle.dumps(seen)) < 13 * len(ids)


def test_sequences_of_other_ids_differ() -> None:
    def kept(*ids: str) -> EventIds:
        store = IdStore()
        store.put(0, ids)
        return store.hand_over()

    rng = random.Random(6)
    uuids = [event_id(rng) for _ in range(2)]
    several = [kept(uuids[0]), kept(uuids[1]), kept("no UUID"), kept("another"), kept(*uuids)]
    for number, one in enumerate(several):
        assert [one == other for other in several] == [n == number for n in range(len(several))]
    assert len({*map(hash, several)}) == len(several)


def test_three_ids_are_shown_whole() -> None:
    store = IdStore()
    store.put(0, ["a", "b", "c"])
    assert repr(store.select([0, 1, 2])) == "EventIds(3: a, b, c)"


def test_the_sequence_behaves_like_a_tuple() -> None:
    rng = random.Random(3)
    ids = [event_id(rng) for _ in range(5)]
    store = IdStore()
    store.put(0, ids)
    kept = store.select(range(5))
    assert (kept[0], kept[-1], kept[1:3], kept[::-1]) == (ids[0], ids[-1], ids[1:3], ids[::-1])
    assert ids[3] in kept
    assert kept.index(ids[3]) == 3
    assert kept == tuple(ids)
    assert kept != ids[:4]
    assert kept != "text"
    assert hash(kept) == hash(store.hand_over())
    assert pickle.loads(pickle.dumps(kept)) == kept
    assert repr(kept) == f"EventIds(5: {ids[0]}, {ids[1]}, {ids[2]}, ...)"
    with pytest.raises(IndexError, match="there are 5 ids"):
        kept[5]
    with pytest.raises(IndexError):
        kept[-6]


def test_ids_are_still_known_when_the_table_grows() -> None:
    rng = random.Random(4)
    ids = [event_id(rng) for _ in range(5_000)]
    seen = SeenIds()
    assert all(seen.add(identity) for identity in ids)
    assert not any(seen.add(identity) for identity in ids)


def test_an_empty_store_is_an_empty_sequence() -> None:
    assert list(IdStore().hand_over()) == []
    assert repr(IdStore().hand_over()) == "EventIds(0: )"
    assert isinstance(IdStore().select([]), EventIds)
