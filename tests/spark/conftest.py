"""One session of Spark for all tests of this folder; `nox -s spark` installs what it needs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

KEY = "hh_spark_very_secret"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder where Spark cannot run."""
    missing = "pyspark is not installed" if find_spec("pyspark") is None else None
    if missing is None and "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        missing = "there is no Java on this machine"
    # Spark leaves sockets of its own to the garbage collector, which may find them in any test.
    quiet = ["ignore:unclosed.*socket:ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"]
    for item in items:
        if Path(__file__).parent in item.path.parents:
            for one in quiet:
                item.add_marker(pytest.mark.filterwarnings(one))
        if missing and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=f"Spark is not tested: {missing} (`nox -s spark`)"))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session with two tasks at a time, each of which may fail three times."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    from honeyhive_ext.engines.spark import register

    patch = pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    patch.setenv("HH_API_KEY", KEY)  # Java and the workers inherit the environment
    patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    builder = SparkSession.builder.master("local[2,4]").appName("tests")
    for name, value in {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
        "spark.local.dir": str(tmp_path_factory.mktemp("spark")),
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
    }.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    register(session)
    patch.undo()
    yield session
    gateway = SparkContext._gateway
    session.stop()
    if gateway is not None:  # Java ends with its standard input
        gateway.shutdown()
        gateway.proc.stdin.close()
        gateway.proc.wait(60)
        SparkContext._gateway = SparkContext._jvm = None
