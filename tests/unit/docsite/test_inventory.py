"""A public name without an entry in the reference is found; what is no entry by itself is not."""

from __future__ import annotations

import zlib

import pytest

from docsite import inventory
from docsite.build import INTERFACE, ROOT

HEAD = (
    b"# Sphinx inventory version 2\n# Project: a\n# Version: 1\n# The remainder is compressed using zlib.\n"
)


def test_names_are_read_from_an_inventory() -> None:
    lines = b"a.F py:class 1 api.html#$ -\na.F.run py:method 1 api.html#$ run it\n"
    assert inventory.names_of(HEAD + zlib.compress(lines)) == {"a.F", "a.F.run"}
    with pytest.raises(ValueError, match="version 2"):
        inventory.names_of(b"# Sphinx inventory version 1\n")


@pytest.mark.parametrize(
    "line",
    [
        "a.f(x: int) -> int",
        "a.F(x: int) of Exception",
        "a.F.run(self) -> int (async method)",
        "a.F.size: int (property)",
        "a.Kind = Literal['a', 'b']",
        "a.F is b.F",
        "a.LIMIT: int",
        "a.__version__: str",
        "a.D: TypedDict",
        "a.f(x: int) -> int  [deprecated]",
    ],
)
def test_a_name_without_an_entry_is_named(line: str) -> None:
    assert len(inventory.without_an_entry([line], set())) == 1


@pytest.mark.parametrize(
    "line",
    [
        "# a comment",
        "",
        "a.F.size: int",
        "a.F.size",
        "a.F.size: int  [deprecated]",
        "a.D[key]: int (required)",
        "a.F.__len__(self) -> int",
    ],
)
def test_what_a_class_holds_is_described_there(line: str) -> None:
    assert inventory.without_an_entry([line], set()) == []


def test_taking_any_name_out_of_the_reference_is_noticed() -> None:
    lines = (ROOT / INTERFACE).read_text("utf-8").splitlines()
    wanted = {line.partition(": no entry")[0] for line in inventory.without_an_entry(lines, set())}
    assert len(wanted) > 400
    assert {"honeyhive_ext.HoneyHive.flush", "honeyhive_ext.F", "honeyhive_ext.Event.metadata"} <= wanted
    assert inventory.without_an_entry(lines, wanted) == []
    for name in (
        "honeyhive_ext.HoneyHive.flush",
        "honeyhive_ext.batch.MAX_BYTES",
        "honeyhive_schemas.validate",
    ):
        assert inventory.without_an_entry(lines, wanted - {name}) == [f"{name}: no entry in the reference"]
