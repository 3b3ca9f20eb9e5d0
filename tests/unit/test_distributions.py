"""Each check of a release finds the fault that is planted for it, and nothing in what is right."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from tests.support import distributions as found
from tests.support import release, wheel

GOOD = [*found.NEEDED, "honeyhive_ext/__init__.py", f"{found.INFO}/METADATA"]


def wheel_of(path: Path, *files: tuple[str, str], mode: int = 0o644, year: int = 2020) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, (year, 2, 2, 0, 0, 0))
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return path


def sdist_of(path: Path, *names: str, time: int = 0, owner: str = "") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            info = tarfile.TarInfo(f"honeyhive_ext-1.0/{name}")
            info.mtime, info.uname = time, owner
            archive.addfile(info, io.BytesIO())
    return path


def test_files_that_are_new_or_gone_are_named() -> None:
    assert found.changed(["a", "b"], ["b", "c"]) == ["+ c", "- a"]
    assert found.changed(["a"], ["a"]) == []


def test_the_names_of_a_wheel_have_no_version(tmp_path: Path) -> None:
    made = wheel_of(
        tmp_path / "x.whl", ("honeyhive_ext-1.2.dist-info/METADATA", ""), ("honeyhive_ext/a.py", "")
    )
    assert found.contents(made) == ["honeyhive_ext.dist-info/METADATA", "honeyhive_ext/a.py"]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([*GOOD, "tests/conftest.py"], "tests/conftest.py: is in no package of the project"),
        ([*GOOD, "honeyhive_ext/tests/a.py"], "honeyhive_ext/tests/a.py: must not be shipped"),
        ([*GOOD, "honeyhive_client/__pycache__/a.pyc"], "must not be shipped"),
        ([*GOOD, "benchmarks/__init__.py"], "benchmarks/__init__.py: is in no package of the project"),
        ([*GOOD, "honeyhive_ext/__init__.py"], "honeyhive_ext/__init__.py: is there twice"),
        *(([name for name in GOOD if name != gone], f"{gone}: is missing") for gone in found.NEEDED),
    ],
)
def test_what_a_wheel_must_not_have_and_must_have_is_named(names: list[str], complaint: str) -> None:
    assert any(complaint in line for line in found.misplaced(names))
    assert found.misplaced(GOOD) == []


def test_what_an_sdist_does_not_have_is_named(tmp_path: Path) -> None:
    *most, last = found.OF_THE_SDIST
    assert found.lacking(sdist_of(tmp_path / "a.tar.gz", *most)) == [f"{last}: is missing"]
    assert found.lacking(sdist_of(tmp_path / "b.tar.gz", *most, last)) == []


def test_how_two_wheels_differ_is_named(tmp_path: Path) -> None:
    one, two = ("a", "1"), ("b", "2")
    first = wheel_of(tmp_path / "first.whl", one, two)
    others: dict[str, tuple[tuple[tuple[str, str], ...], dict[str, Any]]] = {
        "nothing": ((one, two), {}),
        "a: another content": ((("a", "3"), two), {}),
        "a: another mode": ((one, two), {"mode": 0o600}),
        "a: another time": ((one, two), {"year": 2021}),
        "the files are in another order": ((two, one), {}),
        "+ c": ((one, two, ("c", "")), {}),
        "- b": ((one,), {}),
    }
    for complaint, (files, options) in others.items():
        other = wheel_of(tmp_path / "other.whl", *files, **options)
        wrong = found.unequal(first, other)
        assert complaint in wrong if complaint != "nothing" else wrong == []


def test_how_two_sdists_differ_is_named(tmp_path: Path) -> None:
    def made(name: str, **options: Any) -> Path:
        return sdist_of(tmp_path / name, "a", **options)

    first = made("first.tar.gz")
    assert found.unequal(first, first) == []
    assert "honeyhive_ext-1.0/a: another time" in found.unequal(first, made("b.tar.gz", time=5))
    assert "honeyhive_ext-1.0/a: another owner" in found.unequal(first, made("c.tar.gz", owner="me"))
    repacked = tmp_path / "d.tar.gz"
    with tarfile.open(first) as packed, tarfile.open(repacked, "w:gz", compresslevel=1) as again:
        again.addfile(packed.getmembers()[0], io.BytesIO())
    assert found.unequal(first, repacked) in ([], ["the same files, packed in another way"])


def described(**fields: str) -> Message:
    message = Message()
    complete = {
        "Summary": "s",
        "Author": "a",
        "License-Expression": "MIT",
        "License-File": "LICENSE",
        "Requires-Python": ">=3.11",
        "Keywords": "k",
        "Description-Content-Type": "text/markdown",
    }
    for name, value in {
        **complete,
        **{key.replace("_", "-"): value for key, value in fields.items()},
    }.items():
        message[name] = value
    for name in ("Homepage", "Documentation", "Source", "Changelog", "Issues"):
        if name != fields.get("without"):
            message["Project-URL"] = f"{name}, https://example.org/"
    message["Provides-Extra"] = "cli"
    message.set_payload(fields.get("text", "[a](https://example.org) [b](#b)\n```\n[x](y)\n```\n"))
    return message


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (described(Summary=""), "the metadata has no Summary"),
        (described(License_File=""), "the metadata has no License-File"),
        (described(without="Changelog"), "the metadata has no URL Changelog"),
        (described(Description_Content_Type="text/plain"), "the README is not marked as Markdown"),
        (described(text="[a](docs/a.md)"), "README.md: PyPI cannot follow docs/a.md"),
        (described(text='<img alt="" src="docs/a.png">'), "README.md: PyPI cannot follow docs/a.png"),
    ],
)
def test_what_the_metadata_lacks_is_named(message: Message, complaint: str) -> None:
    assert found.undescribed(message, ["cli"]) == [complaint]


def test_an_extra_that_only_one_place_has_is_named() -> None:
    assert found.undescribed(described(), ["cli"]) == []
    assert found.undescribed(described(), ["cli", "more"]) == [
        "extra more: only in one of pyproject.toml and the wheel"
    ]
    assert found.undescribed(described(), []) == ["extra cli: only in one of pyproject.toml and the wheel"]


def test_a_place_with_another_version_is_named() -> None:
    places = {"honeyhive_ext/_version.py": "1.0", "User-Agent": "1.0"}
    assert found.unagreed(places) == []
    assert found.unagreed({**places, "User-Agent": "0.9"}) == ["User-Agent says '0.9', not '1.0'"]


WAITING = "# Changelog\n\n## [Unreleased]\n\n- new\n\n"
RELEASED = "## [1.0] - 2026-01-02\n\n- first\n"


@pytest.mark.parametrize(
    ("changelog", "complaint"),
    [
        ("# Changelog\n", 'CHANGELOG.md: neither 1.0 nor "Unreleased" says what changes'),
        ("## [1.0]\n\n- first\n", "CHANGELOG.md: 1.0 has no date"),
        ("## [1.0] - soon\n\n- first\n", "CHANGELOG.md: 1.0 has no date"),
        ("## [1.0] - 2026-01-02\n\n## [0.9] - 2025-01-02\n\n- x\n", "CHANGELOG.md: nothing is under 1.0"),
    ],
)
def test_a_changelog_without_the_version_is_refused(changelog: str, complaint: str) -> None:
    assert found.undated(changelog, "1.0", final=False) == [complaint]


def test_a_changelog_is_final_when_nothing_waits() -> None:
    assert found.undated(WAITING, "1.0", final=False) == []
    assert found.undated(WAITING, "1.0", final=True) == [
        "CHANGELOG.md: the newest heading is not 1.0, but none"
    ]
    both = WAITING + RELEASED
    assert found.undated(both, "1.0", final=False) == []
    assert found.undated(both, "1.0", final=True) == ['CHANGELOG.md: something is under "Unreleased"']
    assert found.undated(both, "1.1", final=True) == ["CHANGELOG.md: the newest heading is not 1.1, but 1.0"]
    assert found.undated(f"## [Unreleased]\n\n{RELEASED}", "1.0", final=True) == []


def test_a_report_fails_for_each_complaint(capsys: pytest.CaptureFixture[str]) -> None:
    report = release.Report()
    report.say("right")
    report.say("wrong", ["this", "that"])
    assert report.wrong == 2
    assert capsys.readouterr().out.split() == ["ok", "right", "FAILED", "wrong", "this", "that"]


def test_a_command_that_fails_is_a_complaint(tmp_path: Path) -> None:
    assert release.ran("platform", folder=tmp_path) == []
    (complaint,) = release.ran("no_such_module", folder=tmp_path)
    assert "No module named no_such_module" in complaint


def test_the_tree_is_copied_with_other_modes_and_without_what_git_ignores(tmp_path: Path) -> None:
    (root := tmp_path / "root").mkdir()
    assert release.ran("compileall", "-q", ".", folder=root) == []
    for name, mode in {"a.py": 0o644, "run": 0o755, "left.pyc": 0o644, ".gitignore": 0o644}.items():
        (root / name).write_text("*.pyc\n")
        (root / name).chmod(mode)
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    goal = release.copy(root, tmp_path / "goal", release.OTHER)
    modes = {path.name: path.stat().st_mode & 0o777 for path in goal.iterdir()}
    assert modes == {"a.py": 0o600, "run": 0o700, ".gitignore": 0o600}
    assert {int(path.stat().st_mtime) for path in goal.iterdir()} == {release.OTHER.touched}


def closure(extra: str, extras: dict[str, list[str]]) -> set[str]:
    """An extra, and those that it brings along."""
    names = {extra}
    for requirement in extras[extra]:
        if requirement.startswith("honeyhive-ext["):
            for name in requirement[len("honeyhive-ext[") : -1].split(","):
                names |= closure(name.strip(), extras)
    return names


# They are not part of `all`: data frames and engines are large, and a program that uses one has it already;
# hypothesis is for tests.
APART = {"pandas", "polars", "testing", "spark"}


def test_every_extra_is_tried_alone_and_all_has_each_but_those_that_are_large() -> None:
    extras: dict[str, list[str]] = found.project()["project"]["optional-dependencies"]  # type: ignore[index]
    # Spark is 680 MB and needs Java: `nox -s spark` tries it.
    assert list(wheel.EXTRAS) == [extra for extra in extras if extra != "spark"]
    assert closure("all", extras) == set(extras) - APART


def test_the_program_that_tries_the_extra_otel_runs() -> None:
    pytest.importorskip("opentelemetry.sdk.trace")
    command = [sys.executable, "-c", wheel.EXTRAS["otel"].use]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
