"""Runs the command with real streams, quickly: one process imports everything, and forks for each run."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).parents[2]
LONGEST = 120.0  # seconds of one run


@frozen
class Ran:
    """What one run printed, and how it ended."""

    status: int
    out: bytes
    err: bytes


class Runner:
    """The process that forks. Use it in a `with` statement.

    Args:
        environ: The environment variables of every run.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HH_")}
        paths = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.support.command_runner"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**kept, **environ, "PYTHONPATH": paths},
        )

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdout: str = "pipe",
        stdin: bytes = b"",
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run one command.

        Args:
            arguments: Without the name of the program.
            stdout: "pipe", "terminal", "closed", "full" (/dev/full) or "gone" (a pipe nobody reads).
            stdin: What it reads.
            cwd: Its working folder.
            environ: More environment variables.
        """
        asked = {
            "arguments": [*arguments],
            "stdout": stdout,
            "stdin": base64.b64encode(stdin).decode(),
            "cwd": str(cwd or ROOT),
            "environ": {**(environ or {})},
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline())
        return Ran(told["status"], base64.b64decode(told["out"]), base64.b64decode(told["err"]))

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=LONGEST)  # its input ends


def _serve() -> None:
    import honeyhive_ext.cli
    from honeyhive_ext.cli import (
        commands,
        data,
        diagnosis,
        event_verbs,
        exit_status,
        export_files,
        import_files,
        session_verbs,
        spool_changes,
        validation,
    )
    from honeyhive_ext.local.routes.validate import load_schemas

    load_schemas()
    commands.every_parser(commands.top_parser())
    assert all((data, diagnosis, event_verbs, exit_status, export_files, import_files))
    assert all((session_verbs, spool_changes, validation, honeyhive_ext.cli))
    for line in sys.stdin.buffer:
        told = _forked(json.loads(line))
        sys.stdout.buffer.write(json.dumps(told).encode() + b"\n")
        sys.stdout.buffer.flush()


def _forked(asked: dict[str, Any]) -> dict[str, Any]:
    out_read, out_write = pty.openpty() if asked["stdout"] == "terminal" else os.pipe()
    err_read, err_write = os.pipe()
    in_read, in_write = os.pipe()
    if asked["stdout"] == "gone":
        os.close(out_read)
    child = os.fork()
    if child == 0:
        os.close(in_write)
        _run(asked, in_read, out_write, err_write)
    for one in (in_read, err_write):
        os.close(one)
    if asked["stdout"] != "terminal":
        os.close(out_write)
    writer = threading.Thread(target=_write, args=(in_write, base64.b64decode(asked["stdin"])))
    writer.start()
    out = err = b""
    reading = {err_read} | ({out_read} if asked["stdout"] != "gone" else set[int]())
    status: int | None = None
    while reading:
        ready, _, _ = select.select(list(reading), [], [], 0.05 if status is None else 0)
        for one in ready:
            piece = b""
            with contextlib.suppress(OSError):  # a terminal whose other end is closed
                piece = os.read(one, 1 << 16)
            if not piece:
                reading.discard(one)
            elif one == out_read:
                out += piece
            else:
                err += piece
        if status is None:
            pid, found = os.waitpid(child, os.WNOHANG)
            if pid:
                status = os.waitstatus_to_exitcode(found)
        elif not ready:
            break
    if status is None:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    for one in (out_read, err_read, *((out_write,) if asked["stdout"] == "terminal" else ())):
        with contextlib.suppress(OSError):
            os.close(one)
    writer.join()
    return {
        "status": status,
        "out": base64.b64encode(out).decode(),
        "err": base64.b64encode(err).decode(),
    }


def _write(number: int, content: bytes) -> None:
    with contextlib.suppress(OSError), os.fdopen(number, "wb") as pipe:
        pipe.write(content)


def _run(asked: dict[str, Any], stdin: int, stdout: int, stderr: int) -> None:
    """Be the command: streams, then main, then the end of the process as Python ends it."""
    signal.alarm(int(LONGEST))
    os.chdir(asked["cwd"])
    os.environ.update(asked["environ"])
    if asked["stdout"] == "full":
        stdout = os.open("/dev/full", os.O_WRONLY)
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.closerange(3, 256)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - for the rest of the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", closefd=False, errors="backslashreplace")  # noqa: SIM115
    if asked["stdout"] == "closed":
        os.close(1)
        sys.stdout = None  # type: ignore[assignment]  # as Python has it then
    from honeyhive_ext.cli import main

    status = 1
    try:
        status = main(asked["arguments"])
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 1
    except BaseException:  # noqa: BLE001 - it is what the test looks for
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                if stream is not None:
                    stream.flush()
            except (OSError, ValueError):
                status = 120  # as Python ends where standard output cannot be written at its end
        os._exit(status)


@contextlib.contextmanager
def runner(**environ: str) -> Iterator[Runner]:
    """Give a runner for a group of tests."""
    with Runner(environ) as made:
        yield made


if __name__ == "__main__":
    _serve()
