"""`print` of a tree looks at standard output: its colours, its width, its encoding."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from honeyhive_ext.views.terminal import colour_wanted

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
from tests.support.traces import tree_of
print(tree_of({"event_type": "tool", "event_name": "search " * 9, "duration": 5, "event_id": "a"},
              {"event_name": "漢字 " * 9, "error": "no", "parent_id": "a"}))
"""


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "50", **more}


def on_a_terminal(**more: str) -> str:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=slave, cwd=ROOT, env=environment(TERM="xterm", **more)
    ) as process:
        os.close(slave)
        pieces = []
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # Linux says the end of a terminal so
                break
            if not piece:
                break
            pieces.append(piece)
        assert process.wait() == 0
    os.close(master)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def in_a_pipe(**more: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, check=True, cwd=ROOT, env=environment(**more)
    )
    return done.stdout


def test_a_terminal_gets_colours_and_lines_that_fit() -> None:
    printed = on_a_terminal()
    assert "\x1b[32mtool search" in printed
    assert "\x1b[31m" in printed
    assert on_a_terminal(NO_COLOR="1").split("\n")[0].rstrip().endswith("5 ms")


def test_no_color_switches_colours_off() -> None:
    printed = on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in printed
    assert max(map(len, printed.splitlines())) <= 50


def test_a_pipe_gets_plain_text_of_full_length_unless_colours_are_forced() -> None:
    plain = in_a_pipe().decode()
    assert "\x1b" not in plain
    assert "search " * 8 in plain
    assert b"\x1b[32m" in in_a_pipe(FORCE_COLOR="1")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
def test_an_encoding_without_lines_gets_ascii(encoding: str) -> None:
    printed = in_a_pipe(PYTHONIOENCODING=encoding).decode(encoding)
    assert "`-- \\u6f22\\u5b57" in printed


@pytest.mark.parametrize(
    ("environ", "terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": ""}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ({"FORCE_COLOR": ""}, False, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_the_environment_decides_about_colours(environ: dict[str, str], terminal: bool, wanted: bool) -> None:
    assert colour_wanted(environ, terminal=terminal) is wanted
