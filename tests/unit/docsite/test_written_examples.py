"""The examples in the docstrings of docsite run and print what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize("name", ["built", "inventory", "markup", "pages"])
def test_examples_of_the_module_run(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"docsite.{name}"))
    assert failed == 0
    assert tried > 0
