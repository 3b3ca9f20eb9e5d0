"""A Python that cannot be a worker of Spark is an error that says what to set."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from honeyhive_ext.engines.worker_python import check_worker_python
from honeyhive_ext.errors import ConfigError

FIX = f"PYSPARK_PYTHON={sys.executable}"


def python(folder: Path, script: str) -> str:
    path = folder / "python3"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_the_python_that_runs_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("honeyhive_ext.engines.worker_python.subprocess.run", None)
    check_worker_python(sys.executable)
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    check_worker_python(os.path.basename(sys.executable))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo \"ModuleNotFoundError: No module named 'pyspark'\" >&2; exit 1", "No module named 'pyspark'"),
        ("echo 3.2", "Python 3.2, not "),
        ("exit 3", "lacks a package"),
    ],
)
def test_another_python_that_cannot_work_is_named_with_the_fix(
    tmp_path: Path, script: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check_worker_python(python(tmp_path, script))
    for part in (message, str(tmp_path), FIX):
        assert part in str(caught.value)


def test_a_command_that_is_not_there_is_named_with_the_fix() -> None:
    with pytest.raises(ConfigError, match="not on this machine") as caught:
        check_worker_python("no-such-python")
    assert FIX in str(caught.value)


def test_a_command_of_other_machines_need_not_be_here() -> None:
    check_worker_python("./environment/bin/python", local=False)


def test_another_python_of_the_same_version_with_the_packages_works(tmp_path: Path) -> None:
    check_worker_python(python(tmp_path, f"echo {sys.version_info[0]}.{sys.version_info[1]}"))
