"""What `seed` reads and `export` writes: an old file stays until the new one is complete."""

from __future__ import annotations

import gzip
import json
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from honeyhive_ext.cli import main
from honeyhive_ext.files.packing import packing_of
from honeyhive_ext.local import LocalServer
from tests.support.misbehaving import Misbehaving, answer

LINE = json.dumps({"event_type": "tool", "inputs": {"t": "ü\u2028"}}, ensure_ascii=False).encode()


@pytest.fixture
def db(tmp_path: Path) -> Path:
    (tmp_path / "store").mkdir()
    path = tmp_path / "store" / "events.db"
    server = LocalServer(path)
    server.seed([{"event_type": "tool", "inputs": {"n": n, "long": "x" * 2000}} for n in range(100)])
    server.close()
    return path


def stored(path: Path) -> int:
    server = LocalServer(path)
    try:
        return len(server.events())
    finally:
        server.close()


@contextmanager
def answering(content: bytes, *, media_type: str, length: int, status: int = 200) -> Iterator[str]:
    """Run a server with one answer, whose announced length need not be true."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(length))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("name", ["old.jsonl", "old.jsonl.gz"])
def test_an_export_without_its_source_leaves_the_old_file(
    tmp_path: Path, db: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / name
    old.write_text("old")
    (tmp_path / "text.db").write_text("hello" * 1000)
    (tmp_path / "cut.db").write_bytes(db.read_bytes()[:5000])
    half = bytearray(db.read_bytes())
    half[len(half) // 2 :] = random.Random(1).randbytes(len(half) - len(half) // 2)
    (tmp_path / "half.db").write_bytes(half)
    lines = LINE + b"\n" + LINE + b"\n"
    ndjson = "application/x-ndjson"
    with (
        answering(lines, media_type=ndjson, length=len(lines) + 1) as cut,
        answering(b"<html>", media_type="text/html", length=6) as website,
        answering(b"no", media_type="text/plain", length=2, status=503) as failing,
    ):
        sources = [["--url", url] for url in (cut, website, failing, "http://127.0.0.1:1")]
        sources += [["--db", str(tmp_path / one)] for one in ("text.db", "cut.db", "half.db", "no.db", ".")]
        for source in sources:
            assert main(["export", str(old), *source]) == 1, source
            error = capsys.readouterr().err
            assert error.startswith("honeyhive-ext export: ")
            assert error.count("\n") == 1, error
            assert old.read_text() == "old"
    assert {one.name for one in tmp_path.iterdir()} == {"store", name, "text.db", "cut.db", "half.db"}


def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, db: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.jsonl"
    old.write_text("old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    LocalServer(db).close()  # whatever it writes when it is opened
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, before[1]))
    try:
        assert main(["export", str(old), "--db", str(db)]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "cannot write" in capsys.readouterr().err
    assert old.read_text() == "old"
    assert {one.name for one in tmp_path.iterdir()} == {"store", "old.jsonl"}


def test_an_interrupted_export_leaves_the_old_file(tmp_path: Path, db: Path) -> None:
    old, asked = tmp_path / "old.jsonl", threading.Event()
    old.write_text("old")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/x-ndjson")
            self.send_header("content-length", "1000000000")
            self.end_headers()
            self.wfile.write((LINE + b"\n") * 50_000)
            self.wfile.flush()
            asked.set()
            self.rfile.read(1)  # until the command has gone

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        command = [sys.executable, "-m", "honeyhive_ext.cli", "export", str(old), "--url", url]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert asked.wait(60)
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=60)
        server.shutdown()
        thread.join()
    assert (process.returncode, error) == (130, "honeyhive-ext export: interrupted\n")
    assert old.read_text() == "old"
    assert {one.name for one in tmp_path.iterdir()} == {"store", "old.jsonl"}


def test_a_store_is_not_exported_into_itself(
    tmp_path: Path, db: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(db.parent)
    (tmp_path / "link.jsonl").symlink_to(db)
    (tmp_path / "second.jsonl").hardlink_to(db)
    own = [str(db), "events.db", f"{db}-wal", f"{db}-shm", f"{db}-journal"]
    for target in (*own, str(tmp_path / "link.jsonl"), str(tmp_path / "second.jsonl")):
        assert main(["export", target, "--db", str(db)]) == 1
        assert "database" in capsys.readouterr().err
    with LocalServer(db) as server:
        assert main(["export", str(db), "--url", server.url]) == 1
    (tmp_path / "empty.db").touch()
    assert main(["export", str(tmp_path / "empty.db"), "--db", str(tmp_path / "empty.db")]) == 1
    assert stored(db) == 100


@pytest.mark.parametrize("end", ["", ".gz", ".zst"])
def test_a_compressed_export_goes_in_again(tmp_path: Path, db: Path, end: str) -> None:
    file, copy = tmp_path / f"events.jsonl{end}", tmp_path / "copy.db"
    assert main(["export", str(file), "--db", str(db)]) == 0
    assert file.read_bytes()[:2] == {"": b'{"', ".gz": b"\x1f\x8b", ".zst": b"\x28\xb5"}[end]
    assert main(["seed", str(file), "--db", str(copy)]) == 0
    assert stored(copy) == 100
    assert stat.S_IMODE(file.stat().st_mode) == stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert main(["export", str(tmp_path / f"none{end}"), "--db", str(tmp_path / "store" / "none.db")]) == 1
    LocalServer(tmp_path / "none.db").close()
    assert main(["export", str(tmp_path / f"none{end}"), "--db", str(tmp_path / "none.db")]) == 0
    assert (tmp_path / f"none{end}").read_bytes() == packing_of(file).member(b"")


@pytest.mark.parametrize("target", ["--db", "--url", "serve"])
def test_every_form_of_a_file_is_read(
    tmp_path: Path, target: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bom = b"\xef\xbb\xbf"
    forms = {
        "bom": bom + LINE,
        "lines": LINE + b"\r\n" + LINE + b"\n\n",
        "joined": bom + LINE + b"\n" + bom + LINE + b"\n",
        "packed": gzip.compress(bom + LINE) + gzip.compress(b"\n" + LINE),
        "zst": packing_of(Path("x.zst")).member(LINE),
        "empty": b"",
    }
    odd = {"utf16": LINE.decode().encode("utf-16"), "cut": gzip.compress(LINE)[:-3], "latin1": b'{"\xfc":1}'}
    with LocalServer() as server:
        if target == "serve":
            monkeypatch.setattr(LocalServer, "start", interrupt)
        where = {"--db": ["--db", str(tmp_path / "x.db")], "--url": ["--url", server.url], "serve": []}[
            target
        ]
        for name, content in (*forms.items(), *odd.items()):
            file = tmp_path / f"{name}.jsonl"
            file.write_bytes(content)
            command = ["serve", "--seed", str(file)] if target == "serve" else ["seed", str(file), *where]
            expected = 1 if name in odd else 130 if target == "serve" else 0
            assert main(command) == expected, name
            told = capsys.readouterr()
            if name in odd:
                assert f"{name}.jsonl: " in told.err
            else:
                assert f"{content.count(LINE) or (2 if name == 'packed' else int(name == 'zst'))} events" in (
                    told.out + told.err
                )


def interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_a_line_is_named_by_its_number_in_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("honeyhive_ext.cli.running.EVENTS", 5)
    good, bad = LINE + b"\n", b'{"inputs": 7}\n'
    file = tmp_path / "events.jsonl"
    file.write_bytes(good + b"\n\n" + good * 6 + b" \n" + good + bad + b"[]\n")
    with LocalServer() as server:
        assert main(["seed", str(file), "--url", server.url]) == 1
        error = capsys.readouterr().err
        assert "line 12: inputs" in error
        assert "line 13: expected object" in error
        assert "5 events before that are stored" in error
        assert len(server.events()) == 5
    assert main(["seed", str(file), "--db", str(tmp_path / "x.db")]) == 1
    error = capsys.readouterr().err
    assert "line 12: inputs" in error
    assert "stored" not in error
    assert stored(tmp_path / "x.db") == 0


def test_requests_are_cut_by_bytes_and_again_where_the_server_takes_less(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def line(size: int) -> bytes:
        return json.dumps({"event_type": "tool", "inputs": {"t": "x" * size}}).encode() + b"\n"

    file = tmp_path / "events.jsonl"
    file.write_bytes(b"".join(line(size) for size in (1_000_000, 10, 3_000_000, 3_000_000, *[100_000] * 40)))
    with Misbehaving(then=answer(200, b'{"stored": 1}')) as counting:
        assert main(["seed", str(file), "--url", counting.url]) == 0
        sizes = [len(one.body) for one in counting.requests]
        assert max(sizes) <= 5_000_000
        assert len(sizes) == 3
    with LocalServer() as server:
        server.configure(max_body=3_100_000)
        assert main(["seed", str(file), "--url", server.url]) == 0
        assert len(server.events()) == 44
        server.reset()
        server.configure(max_body=2_000_000)
        capsys.readouterr()
        assert main(["seed", str(file), "--url", server.url]) == 1
        error = capsys.readouterr().err
        assert "line 3: 3000" in error
        assert "more than the server takes; 2 events before that are stored" in error
        assert len(server.events()) == 2


def test_several_files_say_what_was_stored_before_the_wrong_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_bytes(LINE)
    (tmp_path / "b.jsonl").write_bytes(b"{")
    files = [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]
    assert main(["seed", *files, "--db", str(tmp_path / "x.db")]) == 1
    error = capsys.readouterr().err
    assert "b.jsonl: line 1" in error
    assert error.endswith("; 1 events before that are stored\n")


def test_an_export_goes_through_links_pipes_and_open_files(tmp_path: Path, db: Path) -> None:
    (tmp_path / "latest.jsonl").symlink_to("real.jsonl")
    assert main(["export", str(tmp_path / "latest.jsonl"), "--db", str(db)]) == 0
    lines = (tmp_path / "real.jsonl").read_bytes()
    assert lines.count(b"\n") == 100
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    assert main(["export", str(pipe), "--db", str(db)]) == 0
    reader.join()
    assert read == [lines]
    with (tmp_path / "log").open("ab") as log:
        log.write(b"log\n")
        log.flush()
        command = [sys.executable, "-m", "honeyhive_ext.cli", "export", "/dev/stdout", "--db", str(db)]
        subprocess.run(command, stdout=log, stderr=subprocess.DEVNULL, check=True)
    assert (tmp_path / "log").read_bytes() == b"log\n" + lines
