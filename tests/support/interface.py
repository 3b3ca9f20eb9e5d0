"""The public names and signatures of the three packages, as lines of text.

    nox -s interface              # does the recorded description still hold?
    nox -s interface -- --write   # record it again, after CHANGELOG.md says what changed

The description is tests/contract/public_interface.txt. What a release has promised can be removed only
after the recorded line said `[deprecated]`: mark the thing with `warnings.deprecated` (or, on Python before
3.13, set its `__deprecated__`), or the field with `deprecated: true` in openapi.yaml, and record that first.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from tests.support.signatures import MARK, describe

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "contract" / "public_interface.txt"
CHANGELOG = ROOT / "CHANGELOG.md"
HEADER = """\
# The public names and signatures of honeyhive_client, honeyhive_schemas and honeyhive_ext.
# Recorded by `nox -s interface -- --write`; not edited by hand. A test compares it with the code.
# released: {released}
# changelog: {changelog}
"""


def name_of(line: str) -> str:
    """Return what a line describes, without how."""
    found = re.match(r"[\w.]+(\[\w+\])?", line)
    return found.group() if found else line


def recorded(path: Path = RECORD) -> tuple[dict[str, str], list[str]]:
    """Return the settings and the lines of a recorded description."""
    text = path.read_text("utf-8") if path.exists() else ""
    settings = dict(re.findall(r"^# (released|changelog): (.*)$", text, re.MULTILINE))
    return settings, [line for line in text.splitlines() if line and not line.startswith("#")]


def broken_promises(released: str, before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return the names of a release that are gone and whose recorded line does not say deprecated."""
    if released == "none":
        return []
    present = {name_of(line) for line in now}
    return [name_of(line) for line in before if MARK not in line and name_of(line) not in present]


def problem(
    settings: dict[str, str], before: Sequence[str], now: Sequence[str], changelog: str
) -> str | None:
    """Return why the description must not be recorded again, or None."""
    gone = broken_promises(settings.get("released", "none"), before, now)
    if gone:
        names = "".join(f"\n  {name}" for name in gone)
        return f"removed without having been deprecated in a release; put back and mark as deprecated:{names}"
    if before and list(before) != list(now) and changelog == settings.get("changelog"):
        return "CHANGELOG.md is what it was when the interface was last recorded; say there what changes"
    return None


def changelog_hash(path: Path = CHANGELOG) -> str:
    """Return a short hash of the changelog."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def differences(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Return what is no longer so (-) and what is new (+), by name."""
    lines = [f"- {line}" for line in set(before) - set(now)] + [
        f"+ {line}" for line in set(now) - set(before)
    ]
    return sorted(lines, key=lambda line: (name_of(line[2:]), line[0] == "+"))


def main(
    arguments: Sequence[str] | None = None, *, record: Path = RECORD, changelog: Path = CHANGELOG
) -> int:
    """Compare or record, and return the exit status."""
    parser = argparse.ArgumentParser(prog="nox -s interface --", description=__doc__, add_help=True)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--write", action="store_true", help="record the interface as it is now")
    parser.add_argument("--released", metavar="VERSION", help="with --write: these names are released now")
    options = parser.parse_args(arguments)
    settings, before = recorded(record)
    now = describe()
    changed = differences(before, now)
    print("\n".join(changed) if changed else "the public interface is as recorded")
    if not options.write:
        return 1 if changed else 0
    why = problem(settings, before, now, changelog_hash(changelog))
    if why:
        print(f"not recorded: {why}")
        return 1
    released = options.released or settings.get("released", "none")
    hash_now = changelog_hash(changelog) if changed else settings.get("changelog", changelog_hash(changelog))
    text = HEADER.format(released=released, changelog=hash_now) + "\n" + "\n".join(now) + "\n"
    record.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
