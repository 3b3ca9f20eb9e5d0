"""Run mutmut, print the numbers for each file, and name the survivors that docs/mutants.md does not list.

`nox -s mutation` starts this in a copy of the tree, as mutmut writes changed sources beside the others.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

LISTED = Path("docs/mutants.md")
MUTMUT = [sys.executable, "-m", "mutmut"]


def files() -> list[SourceFileMutationData]:
    """The mutated files with what is known of their mutants."""
    found = [SourceFileMutationData(path=path) for path in walk_mutatable_files()]
    for file in found:
        file.load()
    return [file for file in found if file.exit_code_by_key]


def chosen(part: str, share: float, seed: int) -> list[str]:
    """A seeded share of the mutants of each file whose path holds `part`."""
    names: list[str] = []
    for file in files():
        if part in str(file.path):
            every = sorted(file.exit_code_by_key)
            names += random.Random(f"{seed} {file.path}").sample(every, max(1, round(share * len(every))))
    return names


def change(name: str, path: Path | str) -> str:
    """One line for a mutant: the function, what stood there, what the mutant has instead."""
    lines = get_diff_for_mutant(name, path=path).splitlines()
    old, new = (
        " ".join(
            line[1:].strip() for line in lines if line.startswith(sign) and not line.startswith(sign * 3)
        )
        for sign in "-+"
    )
    function = (
        name.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x").strip("_ǁ").replace("ǁ", ".")
    )
    return f"`{function}`: `{old}` → `{new}`"


def main() -> int:
    """Exit status 1 where a mutant survived that nobody has looked at."""
    parser = argparse.ArgumentParser(prog="nox -s mutation --", description=__doc__)
    parser.add_argument("part", nargs="?", default="", help="only files whose path holds this, such as retry")
    parser.add_argument(
        "--share", type=float, default=1.0, help="the share of each file's mutants; default all"
    )
    parser.add_argument("--seed", type=int, default=7, help="the seed of that choice")
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    subprocess.run([*MUTMUT, "print-time-estimates"], check=True, stdout=subprocess.DEVNULL)
    names = chosen(asked.part, asked.share, asked.seed)
    ran = subprocess.run([*MUTMUT, "run", "--max-children", str(asked.processes), *names], check=False)
    return ran.returncode or report(set(names))


def report(names: set[str]) -> int:
    """Print a line for each file, and each survivor that is not listed."""
    listed = LISTED.read_text(encoding="utf-8")
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    unlisted: list[str] = []
    for file in files():
        for name, code in file.exit_code_by_key.items():
            if name in names:
                status = status_by_exit_code[code]
                counts[str(file.path)][status] += 1
                if status not in ("killed", "timeout") and (line := change(name, file.path)) not in listed:
                    unlisted.append(f"{file.path}: {status}: {line}  ({name})")
    for path, each in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        print(
            f"{path}: {sum(each.values())} mutants, "
            + ", ".join(f"{n} {what}" for what, n in each.most_common())
        )
    print(f"{len(unlisted)} that {LISTED} does not list", *unlisted, sep="\n")
    return 1 if unlisted else 0


if __name__ == "__main__":
    raise SystemExit(main())
