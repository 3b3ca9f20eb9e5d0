"""The serve command in its own process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import define

ROOT = Path(__file__).parents[2]


@define
class Served:
    """A running serve command: its process, its URL and the lines it has printed."""

    process: subprocess.Popen[str]
    url: str
    lines: list[str]

    def stop(self, signal_number: int) -> tuple[int, str, str]:
        """Send a signal and return the exit status and what was printed since."""
        self.process.send_signal(signal_number)
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


def exported(lines: list[str]) -> str:
    """Return the URL that the command tells a shell to export."""
    return next(line for line in lines if line.startswith("export HH_API_URL=")).partition("=")[2]


@contextmanager
def serving(*options: str, first: str = "", command: str = "serve") -> Iterator[Served]:
    """Start the command, wait until it listens, and kill it at the end if it still runs.

    `first` is Python code that runs in its process before it.
    """
    program = f"import sys\n{first}\nfrom honeyhive_ext.cli import main\nsys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-W", "error", "-c", program, command, *options]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}"}
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        lines: list[str] = []
        while not lines or not lines[-1].startswith("Press Ctrl+C"):
            line = process.stdout.readline()
            if not line:
                raise AssertionError(f"the command ended: {process.communicate()[1]}")
            lines.append(line.rstrip("\n"))
        url = re.findall(r"https?://[^\s,/#]+", lines[-2])[0] if command == "open" else exported(lines)
        yield Served(process, url, lines)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
        process.stdout.close()
        process.stderr.close()
