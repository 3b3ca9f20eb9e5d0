"""Build the package as for a release, and check what comes out. Nothing is uploaded.

nox -s release                   # builds, checks, quick tests, each extra alone
nox -s release -- --all-tests    # every test of the unpacked sdist
nox -s release -- --no-tests     # without these; the CI has run the same tests before
nox -s release -- --final        # the changelog and the recorded interface are those of this version
nox -s release -- --write        # record the files of the wheel first
"""

from __future__ import annotations

import argparse
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support import distributions, interface, wheel

ROOT = distributions.ROOT
QUICK = ("tests/unit", "tests/contract")


@dataclass(frozen=True)
class Surroundings:
    """What a build must not depend on."""

    umask: int
    backwards: bool  # whether the files of the tree are made in reverse order
    touched: int  # the time of the files, Unix seconds
    variables: Mapping[str, str]


ONE = Surroundings(0o022, False, 1_700_000_000, {"TZ": "UTC", "PYTHONHASHSEED": "1", "LC_ALL": "C"})
OTHER = Surroundings(
    0o077, True, 1_000_000_000, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2", "LC_ALL": "C.UTF-8"}
)


class Report:
    """Prints what was checked, and counts what is wrong."""

    def __init__(self) -> None:
        self.wrong = 0

    def say(self, what: str, complaints: Iterable[str] = ()) -> None:
        found = list(complaints)
        self.wrong += len(found)
        print(
            f"{'FAILED' if found else 'ok':<8}{what}",
            *(f"          {line}" for line in found),
            sep="\n",
            flush=True,
        )


def tracked(root: Path) -> list[str]:
    """Return the files of a clone that are, or could be, committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    return sorted({name for name in done.stdout.split("\0") if name and (root / name).is_file()})


def copy(root: Path, goal: Path, around: Surroundings) -> Path:
    """Copy a clone, without what git ignores, as it may lie on another machine."""
    names = tracked(root)
    for name in reversed(names) if around.backwards else names:
        path = goal / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, path)
        executable = (root / name).stat().st_mode & stat.S_IXUSR
        path.chmod((0o777 if executable else 0o666) & ~around.umask)
        os.utime(path, (around.touched, around.touched))
    return goal


def build(source: Path, goal: Path, around: Surroundings, epoch: str, *forms: str) -> list[Path]:
    """Build in a folder, and return what came out: the sdist first, if it was asked for."""
    environment = {**os.environ, **around.variables, "SOURCE_DATE_EPOCH": epoch}
    command = [sys.executable, "-m", "build", "--outdir", str(goal), *forms, str(source)]
    done = subprocess.run(
        command, check=False, env=environment, umask=around.umask, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"the build failed:\n{done.stdout}{done.stderr}")
    return sorted(goal.iterdir(), key=lambda path: path.suffix == ".whl")


def commit_time(root: Path) -> str:
    command = ["git", "log", "-1", "--format=%ct"]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def unpack(sdist: Path, goal: Path) -> Path:
    """Unpack an sdist, and return its folder."""
    with tarfile.open(sdist) as archive:
        archive.extractall(goal, filter="data")
    (folder,) = goal.iterdir()
    return folder


def ran(*command: str, folder: Path, shown: bool = False) -> list[str]:
    """Run a command in a folder, and return a complaint with its output if it fails."""
    output = None if shown else subprocess.PIPE
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return (
        [f"python -m {' '.join(command)} ended with {done.returncode}\n{done.stdout or ''}"]
        if done.returncode
        else []
    )


def check(options: argparse.Namespace, folder: Path, say: Callable[..., None]) -> None:
    """Build in a folder and check everything, from what is quick to what is slow."""
    epoch = commit_time(ROOT)
    one, other = copy(ROOT, folder / "one", ONE), copy(ROOT, folder / "other", OTHER)
    sdist, built = build(one, folder / "dist", ONE, epoch, "--sdist", "--wheel")
    sizes = [f"{path.name} {path.stat().st_size:,} bytes" for path in (built, sdist)]
    print(", ".join(sizes), flush=True)
    again = build(other, folder / "again", OTHER, epoch, "--sdist", "--wheel")
    differ = [
        f"{first.name}: {line}"
        for first, second in zip((sdist, built), again, strict=True)
        for line in distributions.unequal(first, second)
    ]
    say(
        "two builds are equal byte for byte, whatever the umask, zone, hash seed, order and times of files",
        differ,
    )

    contents = distributions.contents(built)
    say(
        f"the wheel has the {len(contents)} files that are recorded (--write records them)",
        distributions.changed(distributions.recorded(), contents),
    )
    say("nothing is misplaced in the wheel, and nothing is missing", distributions.misplaced(contents))
    say("the sdist has what is needed to build and test", distributions.lacking(sdist))
    described = distributions.metadata(built)
    project = distributions.project()["project"]
    say("the metadata is complete", distributions.undescribed(described, project["optional-dependencies"]))  # type: ignore[index]
    say("twine check --strict", ran("twine", "check", "--strict", str(sdist), str(built), folder=folder))

    bare = wheel.alone(built, folder)
    version = distributions.version()
    places = {
        "honeyhive_ext/_version.py": version,
        "the name of the sdist": sdist.name.removesuffix(".tar.gz").partition("-")[2],
        "the name of the wheel": built.name.split("-")[1],
        "the metadata of the wheel": described["Version"],
        **wheel.versions(bare),
    }
    if options.final:
        places["tests/contract/public_interface.txt"] = interface.recorded()[0].get("released", "none")
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    wrong = distributions.unagreed(places) + distributions.undated(changelog, version, final=options.final)
    say(f"{version} is the version everywhere: {', '.join(places)}, CHANGELOG.md", wrong)

    unpacked = unpack(sdist, folder / "unpacked")
    (rebuilt,) = build(unpacked, folder / "rebuilt", OTHER, epoch, "--wheel")
    say("the unpacked sdist builds the same wheel", distributions.unequal(built, rebuilt))
    say(wheel.beside(built, folder))
    for row in wheel.extras(built, bare):
        print(f"        {row}", flush=True)
    say("each extra alone installs, imports and does what it is for; without it, an error names it")
    if options.no_tests:
        return
    places_of_tests = [] if options.all_tests else [*QUICK]
    tests = ("pytest", "-q", "-n", "2", "--dist", "worksteal", "-p", "no:cacheprovider", *places_of_tests)
    say("the unpacked sdist passes its tests", ran(*tests, folder=unpacked, shown=True))


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a release, and return the exit status."""
    parser = argparse.ArgumentParser(prog="nox -s release --")
    parser.add_argument("--all-tests", action="store_true", help="run every test of the unpacked sdist")
    parser.add_argument("--no-tests", action="store_true", help="leave the tests of the unpacked sdist out")
    parser.add_argument("--final", action="store_true", help="the changelog and the interface are released")
    parser.add_argument("--write", action="store_true", help="record the files of the wheel first")
    options = parser.parse_args(arguments)
    if options.write:
        distributions.main(["--write"])
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        check(options, Path(folder), report.say)
    print("nothing is wrong" if not report.wrong else f"{report.wrong} things are wrong")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
