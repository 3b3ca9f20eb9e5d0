"""Every example in a docstring of the handwritten packages runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import honeyhive_ext

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
def test_examples_of_the_module_run(name: str) -> None:
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
