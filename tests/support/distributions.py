"""What a wheel and an sdist must be, as pure checks: each returns what is wrong, as lines.

    python -m tests.support.distributions           # are the wheel's files those that are recorded?
    python -m tests.support.distributions --write   # record them again

The list is tests/contract/wheel_contents.txt. It follows from pyproject.toml and the tree, so an ordinary
test holds it; `nox -s release` compares it with the wheel that was built.
"""

from __future__ import annotations

import argparse
import re
import tarfile
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from email.message import Message
from email.parser import Parser
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "contract" / "wheel_contents.txt"
HEADER = """\
# The files of the wheel. Recorded by `python -m tests.support.distributions --write`; not edited by hand.
"""
PACKAGES = ("honeyhive_client", "honeyhive_ext", "honeyhive_schemas")
INFO = "honeyhive_ext.dist-info"  # without the version, which changes
NEEDED = (*(f"{package}/py.typed" for package in PACKAGES), f"{INFO}/licenses/LICENSE")
NOT_SHIPPED = frozenset({"tests", "test", "benchmarks", "examples", "docs", "node_modules", "__pycache__"})
# What an installed package does not need, and a person who packages it does.
OF_THE_SDIST = (
    *("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "SECURITY.md", "noxfile.py", "openapi.yaml"),
    *("PKG-INFO", "honeyhive_ext/py.typed", "tests/conftest.py", "docs/tracing.md", "examples/README.md"),
)


def project(root: Path = ROOT) -> dict[str, object]:
    """Return pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text("utf-8"))


def version(root: Path = ROOT) -> str:
    """Return the version that the build reads."""
    text = (root / "honeyhive_ext" / "_version.py").read_text("utf-8")
    return next(iter(re.findall(r'^__version__ = "([^"]+)"', text, re.M)))


def expected(root: Path = ROOT) -> list[str]:
    """Return the files that the wheel of this tree has, by pyproject.toml."""
    hatch: Mapping[str, Mapping[str, Mapping[str, Mapping[str, object]]]] = project(root)["tool"]  # type: ignore[assignment]
    options = hatch["hatch"]["build"]["targets"]["wheel"]  # type: ignore[index]
    names = {f"{INFO}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")}
    names.add(f"{INFO}/licenses/LICENSE")
    included = {f"{name}": PurePosixPath(name).name for name in options["packages"]}
    for place, name in {**included, **options["force-include"]}.items():
        names |= {name + path.removeprefix(place) for path in _files(root, place)}
    return sorted(names)


def _files(root: Path, place: str) -> Iterable[str]:
    found = [root / place] if (root / place).is_file() else sorted((root / place).rglob("*"))
    for path in found:
        if path.is_file() and path.suffix not in (".pyc", ".pyo") and "__pycache__" not in path.parts:
            yield path.relative_to(root).as_posix()


def contents(wheel: Path) -> list[str]:
    """Return the files of a wheel, with the version left out of the name of its metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(
            re.sub(r"^(\w+)-[^/]+\.dist-info/", r"\1.dist-info/", name) for name in archive.namelist()
        )


def recorded(path: Path = RECORD) -> list[str]:
    """Return the recorded files of the wheel."""
    text = path.read_text("utf-8") if path.exists() else ""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def changed(before: Iterable[str], now: Iterable[str]) -> list[str]:
    """Return the files that are gone (-) and new (+)."""
    one, other = set(before), set(now)
    return sorted([f"- {name}" for name in one - other] + [f"+ {name}" for name in other - one])


def misplaced(names: Iterable[str]) -> list[str]:
    """Return what is wrong with the files of a wheel: what must not be in it, and what is missing."""
    found = list(names)
    wrong = [
        f"{name}: is in no package of the project" for name in found if _top(name) not in (*PACKAGES, INFO)
    ]
    wrong += [
        f"{name}: must not be shipped" for name in found if NOT_SHIPPED & set(PurePosixPath(name).parts)
    ]
    wrong += [f"{name}: is there twice" for name in sorted({n for n in found if found.count(n) > 1})]
    return wrong + [f"{name}: is missing" for name in NEEDED if name not in found]


def _top(name: str) -> str:
    return PurePosixPath(name).parts[0]


def lacking(sdist: Path) -> list[str]:
    """Return the files that an sdist must have and does not have."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    return [f"{name}: is missing" for name in OF_THE_SDIST if name not in names]


def unequal(one: Path, other: Path) -> list[str]:
    """Return how two archives of a build differ, or nothing if they are equal byte for byte."""
    if one.read_bytes() == other.read_bytes():
        return []
    first, second = _members(one), _members(other)
    wrong = changed(first, second)
    for name in first.keys() & second.keys():
        of_one, of_other = first[name], second[name]
        wrong += [f"{name}: another {part}" for part in of_one if of_one[part] != of_other[part]]
    if list(first) != list(second):
        wrong.append("the files are in another order")
    return sorted(wrong) or ["the same files, packed in another way"]


def _members(archive: Path) -> dict[str, dict[str, object]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as zipped:
            return {
                info.filename: {
                    "content": zipped.read(info),
                    "time": info.date_time,
                    "mode": info.external_attr,
                }
                for info in zipped.infolist()
            }
    with tarfile.open(archive) as packed:
        return {
            info.name: {
                "content": found.read() if (found := packed.extractfile(info)) else info.linkname,
                "time": info.mtime,
                "mode": info.mode,
                "owner": (info.uid, info.gid, info.uname, info.gname),
            }
            for info in packed.getmembers()
        }


def metadata(wheel: Path) -> Message:
    """Return the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode("utf-8"))


RELATIVE = re.compile(r"\]\((?!https?://|mailto:|#)([^)\s]+)[^)]*\)|<img[^>]+src=\"(?!https?://)([^\"]+)")


def undescribed(described: Message, extras: Iterable[str]) -> list[str]:
    """Return what is missing in the metadata of a wheel, and what PyPI could not show."""
    wrong = [
        f"the metadata has no {field}"
        for field in (
            "Summary",
            "Author",
            "License-Expression",
            "License-File",
            "Requires-Python",
            "Keywords",
        )
        if not described.get(field)
    ]
    urls = {url.partition(",")[0] for url in described.get_all("Project-URL", [])}
    wanted = {"Homepage", "Documentation", "Source", "Changelog", "Issues"}
    wrong += [f"the metadata has no URL {name}" for name in sorted(wanted - urls)]
    provided = set(described.get_all("Provides-Extra", []))
    wrong += [
        f"extra {name}: only in one of pyproject.toml and the wheel"
        for name in sorted(provided ^ set(extras))
    ]
    if described.get("Description-Content-Type") != "text/markdown":
        wrong.append("the README is not marked as Markdown")
    text = re.sub(r"^ *```.*?^ *```", "", str(described.get_payload()), flags=re.M | re.S)
    wrong += [f"README.md: PyPI cannot follow {a or b}" for a, b in RELATIVE.findall(text)]
    return wrong


HEADING = re.compile(r"^## \[(\d[^\]]*)\](?: - (\S+))?[^\n]*\n(.*?)(?=^## |\Z)", re.M | re.S)
UNRELEASED = re.compile(r"^## \[Unreleased\][^\n]*\n(.*?)(?=^## |\Z)", re.M | re.S)


def unagreed(versions: Mapping[str, str]) -> list[str]:
    """Return the places whose version is not that of `honeyhive_ext/_version.py`."""
    right = versions["honeyhive_ext/_version.py"]
    return [
        f"{place} says {version!r}, not {right!r}" for place, version in versions.items() if version != right
    ]


def undated(changelog: str, version: str, *, final: bool) -> list[str]:
    """Return what is wrong with the changelog of this version.

    Until the release, what changes is under "Unreleased", and no heading has the version of today. For the
    release (`final`), the newest heading is the version with its date, and nothing is under "Unreleased".
    """
    waiting = next(iter(UNRELEASED.findall(changelog)), "").strip()
    newest = next(iter(HEADING.findall(changelog)), None)
    if newest and newest[0] == version:
        wrong = (
            [] if re.fullmatch(r"\d{4}-\d\d-\d\d", newest[1]) else [f"CHANGELOG.md: {version} has no date"]
        )
        wrong += [] if newest[2].strip() else [f"CHANGELOG.md: nothing is under {version}"]
        if waiting and final:
            wrong.append('CHANGELOG.md: something is under "Unreleased"')
        return wrong
    if final:
        return [f"CHANGELOG.md: the newest heading is not {version}, but {newest[0] if newest else 'none'}"]
    return [] if waiting else [f'CHANGELOG.md: neither {version} nor "Unreleased" says what changes']


def main(arguments: Sequence[str] | None = None, *, record: Path = RECORD) -> int:
    """Compare or record the files of the wheel, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.distributions")
    parser.add_argument("--write", action="store_true", help="record the files as they are now")
    now = expected()
    lines = changed(recorded(record), now)
    print("\n".join(lines) or "the files of the wheel are as recorded")
    if not parser.parse_args(arguments).write:
        return 1 if lines else 0
    record.write_text(HEADER + "\n".join(now) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
