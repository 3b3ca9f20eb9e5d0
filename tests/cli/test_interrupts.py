"""Ctrl-C at rare moments: in imports, in finalizers, twice, and at the end of the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PRESS = "import os, signal\ndef press(): os.kill(os.getpid(), signal.SIGINT)\n"
COMMAND = "\nfrom honeyhive_ext.cli import script\nsys.argv = ['honeyhive-ext', *{!r}]\nscript()\n"


def ended(program: str, folder: Path) -> tuple[int, str, str]:
    program = f"import sys\nsys.path.insert(0, {str(folder)!r})\n{PRESS}{program}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=folder,
    )
    return done.returncode, done.stdout, done.stderr


BEGIN = (
    "from honeyhive_ext.cli.interrupts import interrupts\nassert interrupts.begin()\ninterrupts.listen()\n"
)
AWAITED = "\nexcept KeyboardInterrupt: print('interrupted')\n"


def test_an_import_ends_before_ctrl_c_interrupts(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(f"{PRESS}press()\nimport time; time.sleep(0.05)\nwhole = True\n")
    program = f"{BEGIN}try:\n    import slow\n    signal.pause(){AWAITED}print(slow.whole)"
    assert ended(program, tmp_path) == (0, "interrupted\nTrue\n", "")


@pytest.mark.parametrize(
    "drop",
    [
        "class Dropped:\n    def __del__(self): press()\nDropped()",
        "import weakref\nclass One: pass\none = One()\n_ = weakref.ref(one, lambda _: press())\ndel one",
        "def steps():\n    try: yield\n    finally: press()\none = steps(); next(one); del one",
    ],
)
def test_ctrl_c_in_a_finalizer_is_not_lost(drop: str, tmp_path: Path) -> None:
    inner = "\n".join(f"    {line}" for line in drop.splitlines())
    assert ended(f"{BEGIN}try:\n{inner}\n    signal.pause(){AWAITED}", tmp_path) == (0, "interrupted\n", "")


def test_a_second_ctrl_c_does_not_interrupt_the_end_of_the_command(tmp_path: Path) -> None:
    program = f"{BEGIN}try: press()\nexcept KeyboardInterrupt:\n    press(); press(); print('whole')"
    assert ended(program, tmp_path) == (0, "whole\n", "")


def test_ctrl_c_waits_for_the_end_of_a_held_block(tmp_path: Path) -> None:
    program = f"{BEGIN}try:\n    with interrupts.held():\n        press(); print('whole'){AWAITED}"
    assert ended(program, tmp_path) == (0, "whole\ninterrupted\n", "")


def test_what_handled_ctrl_c_before_handles_it_again(tmp_path: Path) -> None:
    program = f"{BEGIN}interrupts.end()\nassert signal.getsignal(2) is signal.default_int_handler"
    assert ended(program, tmp_path) == (0, "", "")
    ignored = "signal.signal(2, signal.SIG_IGN)\nfrom honeyhive_ext.cli.interrupts import interrupts\n"
    assert ended(f"{ignored}assert not interrupts.begin()", tmp_path) == (0, "", "")


@pytest.mark.parametrize(
    "module",
    ["honeyhive_ext.cli.commands", "honeyhive_ext.cli.exit_status", "orjson", "honeyhive_ext.errors"],
)
def test_ctrl_c_while_a_command_is_loaded_is_one_line_and_its_status(module: str, tmp_path: Path) -> None:
    finder = (
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {module!r}: press()\n"
        "sys.meta_path.insert(0, Finder())"
    )
    status, out, error = ended(finder + COMMAND.format(["schema", "list"]), tmp_path)
    assert (status, out) == (130, "")
    assert error in ("honeyhive-ext: interrupted\n", "honeyhive-ext schema list: interrupted\n")


def test_ctrl_c_that_a_library_swallows_is_told_at_the_end(tmp_path: Path) -> None:
    swallow = (
        "from honeyhive_ext.cli import validation\n"
        "listed = validation.list_schemas\n"
        "def swallowed(options):\n"
        "    try: press(); import time; time.sleep(60)\n"
        "    except BaseException: return listed(options)\n"
        "validation.list_schemas = swallowed"
    )
    status, out, error = ended(swallow + COMMAND.format(["schema", "list"]), tmp_path)
    assert (status, out.count("\n"), error) == (130, 17, "honeyhive-ext: interrupted\n")


@pytest.mark.parametrize(
    "late",
    [
        "import atexit; atexit.register(press)",
        "import threading as t; m = t.main_thread()\nt.Thread(target=lambda: [m.join(), press()]).start()",
        "class Last:\n    def __del__(self, press=press): press()\nsys.last_of_all = Last()",
    ],
)
def test_ctrl_c_after_the_end_of_the_command_changes_nothing(late: str, tmp_path: Path) -> None:
    program = f"{late}{COMMAND.format(['schema', 'list', '--output', 'jsonl'])}"
    status, out, error = ended(program, tmp_path)
    assert (status, out.count("\n"), error) == (0, 17, "")
