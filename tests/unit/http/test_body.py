"""The body of an answer: decoded as it arrives, and never larger or later than it may be."""

from __future__ import annotations

import gzip
import itertools
import tracemalloc
import zlib

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.http.body import LARGE, PIECE, SMALL, Body
from honeyhive_ext.http.bounds import AnswerBounds, AnswerError


def raw_deflate(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


ENCODERS = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "X-GZip ": gzip.compress,
    "deflate": zlib.compress,
    "DEFLATE": raw_deflate,
}


def read(encoded: bytes, coding: str, most: int, cuts: list[int], status: int = 200) -> bytes:
    body = Body(status, coding, AnswerBounds(60, most=most))
    for start, end in itertools.pairwise(
        [0, *sorted(cut % (len(encoded) + 1) for cut in cuts), len(encoded)]
    ):
        body.add(encoded[start:end])
    return body.whole()


@given(
    st.binary(max_size=3000),
    st.sampled_from(sorted(ENCODERS)),
    st.lists(st.integers(0, 4000), max_size=9),
    st.integers(-3, 3),
)
def test_a_body_is_read_in_any_pieces_up_to_its_bound_and_not_beyond(
    content: bytes, coding: str, cuts: list[int], spare: int
) -> None:
    encoded = ENCODERS[coding](content)
    most = max(0, len(content) + spare)
    if len(content) <= most:
        assert read(encoded, coding, most, cuts) == content
    else:
        with pytest.raises(AnswerError, match=f"more than {most:,} bytes"):
            read(encoded, coding, most, cuts)


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=20), st.lists(st.integers(0, 4000), max_size=9))
def test_members_of_a_gzip_stream_are_one_body_with_or_without_zeros_between_them(
    contents: list[bytes], cuts: list[int]
) -> None:
    encoded = b"".join(gzip.compress(content) + bytes(len(content) % 3) for content in contents)
    assert read(encoded, "gzip", 10_000, cuts) == b"".join(contents)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_takes_no_more_memory_than_its_bound(coding: str) -> None:
    bomb = ENCODERS[coding](bytes(200 * PIECE))
    tracemalloc.start()
    with pytest.raises(AnswerError):
        read(bomb, coding, PIECE, [])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * PIECE


def test_many_small_pieces_take_no_more_memory_than_a_large_one() -> None:
    bounds = AnswerBounds(60)
    tracemalloc.start()
    body = Body(200, "", bounds)
    for _ in range(100_000):
        body.add(b"ab")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert body.whole() == b"ab" * 100_000


def test_the_time_of_many_members_grows_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    copied = 0
    decompressobj = zlib.decompressobj

    class Counting:
        """zlib's object, which copies what it does not use."""

        def __init__(self, wbits: int) -> None:
            self._one = decompressobj(wbits)
            self.eof, self.unused_data, self.unconsumed_tail = False, b"", b""

        def decompress(self, data: bytes, most: int) -> bytes:
            nonlocal copied
            unpacked = self._one.decompress(data, most)
            self.eof, self.unused_data = self._one.eof, self._one.unused_data
            self.unconsumed_tail = self._one.unconsumed_tail
            copied += len(data) + len(self.unused_data) + len(self.unconsumed_tail)
            return unpacked

    monkeypatch.setattr(zlib, "decompressobj", Counting)
    members = gzip.compress(b"x") * 50_000
    assert read(members, "gzip", 1_000_000, []) == b"x" * 50_000
    assert copied < 30 * len(members)


def test_the_clock_is_looked_at_while_a_body_is_decoded() -> None:
    ticks = itertools.count()
    body = Body(200, "gzip", AnswerBounds(20, clock=lambda: float(next(ticks))))
    with pytest.raises(httpx.ReadTimeout):
        body.add(gzip.compress(bytes(100 * PIECE)))


@pytest.mark.parametrize(
    "coding", ["br", "gzip, gzip", "gzip,identity", "zstd", "chunked", "g\x00zip", "x" * 999]
)
def test_a_coding_that_was_not_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(AnswerError, match="content coding") as refused:
        Body(200, coding, AnswerBounds(60))
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "damaged", [b"no gzip", gzip.compress(b"{}" * 99, mtime=0)[:-9], gzip.compress(b"{}", mtime=0)[:5]]
)
def test_a_body_that_is_not_in_its_coding_is_an_error(damaged: bytes) -> None:
    with pytest.raises(httpx.DecodingError):
        read(damaged, "gzip", 1000, [])


def test_the_body_of_an_error_has_a_bound_of_its_own() -> None:
    bounds = AnswerBounds(60, most=1000, most_of_error=10)
    assert (bounds.most(200), bounds.most(500), bounds.most(302)) == (1000, 10, 10)
    with pytest.raises(AnswerError):
        Body(404, "", bounds).announce(11)
    Body(404, "gzip", bounds).announce(11)  # its decoded size is not known yet
    small = AnswerBounds(60, most=5, most_of_error=10)
    assert small.most(500) == 5


@pytest.mark.parametrize("announced", [SMALL, SMALL + 1, LARGE, LARGE + 1])
@pytest.mark.parametrize("came", ["all", "some", "none"])
def test_a_body_is_what_came_whatever_was_announced(announced: int, came: str) -> None:
    content = bytes(range(256)) * (announced // 256) + b"x" * (announced % 256)
    content = {"all": content, "some": content[:-1000], "none": b""}[came]
    body = Body(200, "", AnswerBounds(60))
    body.announce(announced)
    for start in range(0, len(content), 1_000_000):
        body.add(content[start : start + 1_000_000])
    assert body.whole() == content
