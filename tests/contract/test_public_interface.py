"""What users build on does not change unnoticed: names and signatures are as recorded."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Optional, Union, get_type_hints

import pytest

from tests.support import interface, signatures

HOW = (
    "The public interface is not as recorded. If that is meant: say it in CHANGELOG.md, then run\n"
    "`nox -s interface -- --write` and commit both files. What a release has promised is deprecated first."
)


def test_the_public_interface_is_as_recorded() -> None:
    _, before = interface.recorded()
    changed = interface.differences(before, interface.describe())
    assert not changed, "\n".join([HOW, *changed])


def test_what_a_release_promised_is_still_there() -> None:
    settings, before = interface.recorded()
    assert interface.broken_promises(settings["released"], before, interface.describe()) == []


def test_the_record_covers_the_three_packages_and_marks_what_is_deprecated() -> None:
    _, lines = interface.recorded()
    names = {interface.name_of(line) for line in lines}
    assert len(names) == len(lines)
    assert names >= {
        "honeyhive_client.api.events.create_event.sync",
        "honeyhive_client.models.CreateEventRequest.event_type",
        "honeyhive_client.typed_dicts.CreateEventRequestInput[start_time]",
        "honeyhive_schemas.validate",
        "honeyhive_ext.HoneyHive.events",
        "honeyhive_ext.F.__call__",
        "honeyhive_ext.client.events.Events.create_batch",
        "honeyhive_ext.errors.BatchError",
        "honeyhive_ext.local.LocalServer.url",
    }
    (ignored,) = (
        line for line in lines if line.startswith("honeyhive_client.models.SearchEventsRequest.ignore_")
    )
    assert ignored.endswith(interface.MARK)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module that stands for a package of ours, and is all that is public."""
    module = types.ModuleType("honeyhive_ext.sample")
    source = (
        "def old(a, /, b: int = 1, *, c: str) -> None: ...\n"
        "class Thing:\n"
        "    size: int\n"
        "    def __init__(self, size: int) -> None: self.size = self._hidden = size\n"
        "    @property\n"
        "    def twice(self) -> int: return self.size * 2\n"
        "    async def wait(self, *more: float) -> bytes: ...\n"
        "    def _private(self) -> None: ...\n"
    )
    exec(compile(source, __file__, "exec", flags=0, dont_inherit=True), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(signatures, "_attributes_set", lambda cls: ())
    monkeypatch.setattr(interface.describe, "__defaults__", ({module.__name__: None},))
    return module


class Record:
    """A separate record and changelog."""

    def __init__(self, folder: Path) -> None:
        self.path, self.changelog = folder / "interface.txt", folder / "CHANGELOG.md"
        self.changelog.write_text("first\n")

    def run(self, *arguments: str) -> int:
        return interface.main(arguments, record=self.path, changelog=self.changelog)


@pytest.fixture
def record(tmp_path: Path, package: types.ModuleType) -> Record:
    found = Record(tmp_path)
    assert found.run("--write", "--released", "1.0") == 0
    return found


def test_a_description_says_how_a_thing_is_used(package: types.ModuleType) -> None:
    assert interface.describe() == [
        "honeyhive_ext.sample.Thing(size: int)",
        "honeyhive_ext.sample.Thing.size: int",
        "honeyhive_ext.sample.Thing.twice: int (property)",
        "honeyhive_ext.sample.Thing.wait(self, *more: float) -> bytes (async method)",
        "honeyhive_ext.sample.old(a, /, b: int = 1, *, c: str) -> None",
    ]


def test_a_type_is_described_alike_on_every_python(package: types.ModuleType) -> None:
    def old(
        a: Optional[Literal["x"]],  # noqa: UP045  Python 3.14 makes one type of both ways to write it
        b: Literal["x"] | None,
        c: Mapping[str, Any] | None,
    ) -> Union[Annotated[int, "an id"], None]: ...  # noqa: UP007

    old.__module__ = package.__name__
    old.__annotations__ = get_type_hints(old, include_extras=True)
    package.__dict__["old"] = old
    assert interface.describe()[-1] == (
        "honeyhive_ext.sample.old(a: Literal['x'] | None, b: Literal['x'] | None, "
        "c: collections.abc.Mapping[str, Any] | None) -> Annotated[int, 'an id'] | None"
    )


def test_a_change_is_shown_by_name_and_fails(
    record: Record, package: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    def old(a: int) -> None: ...

    old.__module__ = package.__name__
    package.__dict__["old"] = old
    capsys.readouterr()
    assert record.run() == 1
    assert capsys.readouterr().out.splitlines() == [
        "- honeyhive_ext.sample.old(a, /, b: int = 1, *, c: str) -> None",
        "+ honeyhive_ext.sample.old(a: int) -> None",
    ]


def test_a_change_is_recorded_only_with_a_new_changelog(record: Record, package: types.ModuleType) -> None:
    package.__dict__["LIMIT"] = 3
    before = record.path.read_text()
    assert record.run("--write") == 1
    assert record.path.read_text() == before
    record.changelog.write_text("first\n\nLIMIT is new\n")
    assert record.run("--write") == 0
    assert record.run() == 0
    assert "honeyhive_ext.sample.LIMIT: int" in record.path.read_text()


def test_what_a_release_promised_is_removed_only_after_a_deprecation(
    record: Record, package: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    old: Any = package.__dict__.pop("old")
    record.changelog.write_text("old is gone\n")
    assert record.run("--write") == 1
    assert "put back and mark as deprecated:\n  honeyhive_ext.sample.old" in capsys.readouterr().out

    old.__deprecated__ = "use Thing"
    package.__dict__["old"] = old
    assert record.run("--write") == 0
    assert f"-> None{interface.MARK}" in record.path.read_text()

    del package.__dict__["old"]
    record.changelog.write_text("old, which was deprecated, is gone\n")
    assert record.run("--write") == 0
    assert "sample.old" not in record.path.read_text()


def test_before_the_first_release_nothing_is_promised(tmp_path: Path, package: types.ModuleType) -> None:
    record = Record(tmp_path)
    assert record.run("--write") == 0
    del package.__dict__["old"]
    record.changelog.write_text("second\n")
    assert record.run("--write") == 0
    assert "sample.old" not in record.path.read_text()
