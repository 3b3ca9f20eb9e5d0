"""Every example in a docstring of the handwritten packages runs and prints what it says.

Examples that call the API call a local server, found through HH_API_URL as an application would.
"""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from typing import TYPE_CHECKING

import pytest

import honeyhive_ext

if TYPE_CHECKING:
    from honeyhive_ext.local import LocalServer

MODULES = sorted(
    m.name
    for m in pkgutil.walk_packages(honeyhive_ext.__path__, "honeyhive_ext.")
    if not m.name.endswith("__main__")
)


def test_docstrings_hold_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(examples) > 20


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_module_run(name: str, server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HH_API_KEY", "hh_docs")
    monkeypatch.setenv("HH_API_URL", server.url)
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
