"""The programs of docs/dask-and-ray.md run as they are; `nox -s recipes` installs what they need."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from honeyhive_ext.local import LocalServer
from tests.client.test_docs import FENCE, ROOT

START = 1_767_225_600_000
GUIDE = (ROOT / "docs" / "dask-and-ray.md").read_text(encoding="utf-8")
PROGRAMS = {
    title[1]: match[4]
    for match in FENCE.finditer(GUIDE)
    if match[2] == "python" and (title := re.search(r'title="([^"]+)"', match[3]))
}


def test_the_guide_has_a_program_for_each_engine() -> None:
    assert list(PROGRAMS) == ["parts.py", "with_dask.py", "with_ray.py"]


def test_parts_share_no_millisecond_and_leave_none_out(tmp_path: Path) -> None:
    scope: dict[str, object] = {}
    exec(PROGRAMS["parts.py"], scope)
    parts = scope["parts"]
    assert callable(parts)
    for length in (1, 2, 7, 100):
        for number in (1, 2, 3, 8):
            found = [
                ms for low, high in parts(START, START + length - 1, number) for ms in range(low, high + 1)
            ]
            assert found == [*range(START, START + length)]


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_the_program_adds_up_every_event_once(server: LocalServer, tmp_path: Path, engine: str) -> None:
    if find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed (`nox -s recipes`)")
    for name, text in PROGRAMS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    server.seed(
        {
            "event_type": ["model", "tool"][n % 2],
            "inputs": {},
            "start_time": START + 1000 * n,
            "metadata": {"cost": n / 4},
        }
        for n in range(100)
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HH_")}
    kept |= {"HH_API_KEY": "hh_x", "HH_API_URL": server.url, "RAY_USAGE_STATS_ENABLED": "0"}
    kept["PYTHONPATH"] = os.pathsep.join([str(tmp_path), str(ROOT), str(ROOT / "generated")])
    command = [sys.executable, str(tmp_path / f"with_{engine}.py")]
    done = subprocess.run(command, cwd=tmp_path, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ast.literal_eval(done.stdout.splitlines()[-1]) == {"model": 612.5, "tool": 625.0}
    assert "hh_x" not in done.stdout + done.stderr
