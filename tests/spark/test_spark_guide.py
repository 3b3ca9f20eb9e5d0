"""The examples of docs/spark.md run, as one program in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from honeyhive_ext.local import LocalServer
from honeyhive_ext.payload.times import now_ms
from tests.client.test_docs import FENCE, ROOT
from tests.spark.conftest import KEY
from tests.support.spark_tasks import event

PROGRAM = "\n".join(
    match[4] for match in FENCE.finditer((ROOT / "docs/spark.md").read_text("utf-8")) if match[2] == "python"
)


def run(program: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HH_", "PYSPARK"))}
    kept["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "generated")])
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, cwd=folder, env=kept | variables, capture_output=True, text=True, check=False, timeout=300
    )


def test_the_examples_run(spark: Any, server: LocalServer, tmp_path: Path) -> None:
    begin = now_ms() - 3_600_000
    server.seed(
        event(n, begin + n, event_type="model", error="slow", metadata={"cost": 0.5}) for n in range(20)
    )
    program = f"{PROGRAM}\nspark.stop()\n"
    done = run(program, tmp_path, HH_API_KEY=KEY, HH_API_URL=server.url, PYSPARK_PYTHON=sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10.0|   20" in done.stdout
    assert [one["outputs"] for one in server.events() if one.get("event_name") == "nightly"] == [{"rows": 5}]
    assert KEY not in done.stdout + done.stderr


def test_a_python_without_the_packages_is_a_clear_error(spark: Any, tmp_path: Path) -> None:
    import venv

    venv.create(tmp_path / "bare", with_pip=False)
    bare = str(tmp_path / "bare" / "bin" / "python")
    lines = PROGRAM.splitlines()
    program = "\n".join(lines[: lines.index("register(spark)") + 1])
    done = run(program, tmp_path, PYSPARK_PYTHON=bare)
    assert done.returncode == 1
    assert "ConfigError" in done.stderr


def test_the_guide_has_examples() -> None:
    assert PROGRAM.count("# not run: needs Spark") >= 4
