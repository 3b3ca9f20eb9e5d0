"""Each example runs as its page says, against the local server, and prints what its page says."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from honeyhive_ext.local import LocalServer
from tests.support.example_page import Step, lasting, steps

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(page.parent for page in (ROOT / "examples").glob("*/README.md"))
# They are run by a session and a test of their own: `nox -s notebook`, and a service that listens.
APART = {"notebook", "fastapi_app"}


def environment(server: LocalServer) -> dict[str, str]:
    """The variables of a shell with the environment of the tests, and the server's two lines."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "PYTHONWARNINGS": "error", **server.environ}


def in_a_clone(folder: Path) -> Path:
    """A copy of examples/, so that what examples write stays out of the tree."""
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(step: Step, folder: Path, server: LocalServer) -> None:
    printed = ""
    for command in step.commands:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment(server),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        printed += done.stdout
    if step.prints is not None:
        assert lasting(printed) == lasting(step.prints)


def test_every_example_has_a_page_and_the_list_names_it() -> None:
    folders = {
        path.name for path in (ROOT / "examples").iterdir() if path.is_dir() and path.name[0] not in "_."
    }
    assert {path.name for path in EXAMPLES} == folders - {"quickstart"}
    listed = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert {name for name in folders if f"| [{name}](" not in listed} == set()


@pytest.mark.parametrize("example", [path.name for path in EXAMPLES if path.name not in APART])
def test_an_example_prints_what_its_page_says(example: str, server: LocalServer, tmp_path: Path) -> None:
    found = steps(ROOT / "examples" / example / "README.md")
    assert any(step.prints for step in found)
    folder = in_a_clone(tmp_path)
    for step in found:
        run(step, folder, server)


def test_the_web_service_answers_passes_its_tests_and_sends_everything_at_its_end(
    server: LocalServer, tmp_path: Path
) -> None:
    serve, ask, tests = steps(ROOT / "examples" / "fastapi_app" / "README.md")
    folder = in_a_clone(tmp_path)
    command = f"exec {serve.commands[0]} --port 0"
    with subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment(server), stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stderr is not None
        try:
            started = next(line for line in service.stderr if "Uvicorn running on" in line)
            (port,) = re.findall(r"http://127\.0\.0\.1:(\d+)", started)
            run(
                Step([ask.commands[0].replace("localhost:8000", f"127.0.0.1:{port}")], ask.prints),
                folder,
                server,
            )
            assert httpx.post(f"http://127.0.0.1:{port}/ask", json={"text": "Why?"}).status_code == 404
        finally:
            service.send_signal(signal.SIGTERM)
            rest = service.stderr.read()
    assert "Traceback" not in rest
    names = [event["event_name"] for event in server.events()]
    assert sorted(names) == ["POST /ask", "POST /ask", "compose", "search", "search"]
    run(tests, folder, server)
