"""Every example in a docstring of the handwritten packages runs and prints what it says.

Examples that call the API call a local server, found through HH_API_URL as an application would.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

import honeyhive_ext

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

# Spark is too large for this suite; `nox -s spark` runs what its module promises.
LEFT_OUT = {"honeyhive_ext.engines.spark"} if find_spec("pyspark") is None else set[str]()
MODULES = [
    "honeyhive_ext",
    *sorted(
        m.name
        for m in pkgutil.walk_packages(honeyhive_ext.__path__, "honeyhive_ext.")
        if not m.name.endswith("__main__") and m.name not in LEFT_OUT
    ),
]


def examples(name: str) -> list[doctest.DocTest]:
    """The examples of a module, those of its public names among them, whose `__module__` is the package."""
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = finder.find(module)
    text = inspect.getsource(module)
    for key, value in vars(module).items():
        if getattr(value, "__module__", None) == "honeyhive_ext" and re.search(
            rf"^(class|def) {key}\b", text, re.M
        ):
            found += finder.find(value, key, module=False, globs=vars(module).copy())
    return [test for test in found if test.examples]


def test_docstrings_hold_examples() -> None:
    assert sum(len(examples(name)) for name in MODULES) > 60


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_module_run(name: str, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_API_KEY", "hh_docs")
    monkeypatch.setenv("HH_API_URL", server.url)
    runner = doctest.DocTestRunner()
    for test in examples(name):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
