"""Lines of JSON, whatever they are packed in, and what else a file turns out to be."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext import ConfigError
from honeyhive_ext.files.json_lines import json_lines
from honeyhive_ext.files.packing import packing_of

LINES = [b'{"a": "\xc3\xbc\xe2\x80\xa8\xc2\x85"}\n', b"[]\r\n", b"\n", b"{}"]
WHOLE = b"".join(LINES)
ENDS = ["", ".gz", ".zst", ".GZ"]


def pack(end: str, data: bytes) -> bytes:
    return packing_of(Path(f"x.jsonl{end}")).member(data)


class Dribble(io.RawIOBase):
    """A pipe that gives one byte at a time."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._data.readinto(buffer[:1])


@given(st.sampled_from(ENDS), st.lists(st.binary(max_size=200), max_size=5), st.booleans())
def test_a_file_of_members_is_their_content_by_lines(end: str, parts: list[bytes], slow: bool) -> None:
    content = b"{" + b"".join(parts).replace(b"\0", b"") + b"\n"
    packed = b"".join(pack(end, part) for part in (content, *[b"more\n"] * len(parts)))
    file = io.BufferedReader(Dribble(packed)) if slow else io.BytesIO(packed)
    assert b"".join(json_lines(file)) == content + b"more\n" * len(parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("end", ENDS)
def test_only_line_feeds_end_lines_and_byte_order_marks_are_skipped(end: str) -> None:
    assert list(json_lines(io.BytesIO(pack(end, WHOLE)))) == LINES
    assert list(json_lines(io.BytesIO(pack(end, b"\xef\xbb\xbf" + WHOLE)))) == LINES
    joined = b"\xef\xbb\xbf{}\n\xef\xbb\xbf[]\n"
    assert list(json_lines(io.BytesIO(pack(end, joined)))) == [b"{}\n", b"[]\n"]
    assert list(json_lines(io.BytesIO(pack(end, b"")))) == []


@pytest.mark.parametrize("end", ["", ".gz", ".zst"])
@pytest.mark.parametrize(
    ("encoding", "named"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32")],
)
def test_utf_16_is_named(end: str, encoding: str, named: str) -> None:
    with pytest.raises(ConfigError, match=f"this is {named}: write it as UTF-8"):
        list(json_lines(io.BytesIO(pack(end, '{"a": "ü"}'.encode(encoding)))))


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (bz2.compress(WHOLE), "bzip2"),
        (lzma.compress(WHOLE), "xz"),
        (b"PK\x03\x04....", "zip"),
        (b"SQLite format 3\0", "--db"),
        (b"PAR1....", "Parquet"),
        (gzip.compress(gzip.compress(WHOLE)), "twice"),
        (gzip.compress(WHOLE)[:-1], "damaged"),
        (gzip.compress(WHOLE * 900)[:-40], "damaged"),
        (gzip.compress(WHOLE)[:-4] + b"sums", "damaged"),
        (gzip.compress(WHOLE) + b"junk", "damaged"),
        (pack(".zst", WHOLE)[:-1], "damaged"),
        (pack(".zst", WHOLE) + b"junk", "damaged"),
        (b"\x28\xb5\x2f\xfdnothing of that form", "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_lines_of_json_is_named(data: bytes, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        list(json_lines(io.BytesIO(data)))


def test_a_line_of_a_pipe_is_there_before_the_next_is_written() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as file:
        lines: list[bytes] = []
        both = threading.Semaphore(0)

        def read() -> None:
            for line in json_lines(file):
                lines.append(line)
                both.release()

        thread = threading.Thread(target=read)
        thread.start()
        os.write(writing, b"{}\n[]\n")
        assert both.acquire(timeout=60)
        assert both.acquire(timeout=60)
        os.close(writing)
        thread.join()
    assert lines == [b"{}\n", b"[]\n"]


@pytest.mark.parametrize(("end", "program"), [(".gz", "gzip"), (".zst", "zstd")])
def test_other_programs_read_what_is_written(end: str, program: str, tmp_path: Path) -> None:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    path = tmp_path / f"x{end}"
    path.write_bytes(pack(end, b"one\n") + pack(end, b"") + pack(end, b"two\n"))
    done = subprocess.run([found, "-dc", str(path)], capture_output=True, check=True)
    assert done.stdout == b"one\ntwo\n"


def test_other_forms_are_refused() -> None:
    for end in (".bz2", ".xz", ".zip", ".7z", ".LZ4", ".br"):
        with pytest.raises(ConfigError, match=r"\.gz or as \.zst"):
            packing_of(Path(f"x.jsonl{end}"))


def test_zst_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    zst = pack(".zst", WHOLE)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"honeyhive-ext\[export\]"):
        packing_of(Path("x.jsonl.zst"))
    with pytest.raises(ConfigError, match=r"honeyhive-ext\[export\]"):
        list(json_lines(io.BytesIO(zst)))


def test_the_name_that_was_given_decides_and_else_the_file_behind_it() -> None:
    assert packing_of(Path("latest"), Path("x.gz")).name == "gzip"
    assert packing_of(Path("latest.zst"), Path("x.gz")).name == "zstd"
    assert packing_of(Path("latest"), Path("x")).name == packing_of().name == ""
