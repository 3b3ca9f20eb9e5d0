"""Mutation testing: run mutmut over a part of the code in a copy of the tree, and name the survivors.

`nox -s mutation -- batch` changes honeyhive_ext/batch/ a line at a time and runs the tests of that part
after each change; `-- batch/plan` changes one file. It fails if no test notices a change that
tests/mutants/README.md does not list.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

from mutmut.configuration import reset_config
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files

from tests.support.judges import LEFT_OUT, WHOLE, tests_of

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "tests" / "mutants" / "README.md"
NOTICED = ("killed", "timeout")
CAST = re.compile(r'\bcast\((?:None|"[^"]*"), ')


def prepare(part: str, folder: Path) -> None:
    """Make a copy of the tree in `folder` that is set up for one part of the code, or for one file of it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("honeyhive_ext", "generated", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = {
        "source_paths": ["honeyhive_ext"],
        "only_mutate": [f"honeyhive_ext/{part}{end}" for end in (".py", "/*.py", "/*/*.py")],
        "also_copy": ["generated", "docs"],
        "use_git_change_detection": False,
        "track_dependencies": False,
        "timeout_constant": 5.0,
        "timeout_multiplier": 2.0,
        "pytest_add_cli_args_test_selection": tests_of(part),
        "pytest_add_cli_args": [
            # Each mutant pays for what pytest does at its start and end; without these it pays far less.
            *("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception"),
            *("-p", "pytest_socket"),
            *(f"--deselect=tests/{test}" for test in LEFT_OUT),
        ],
    }
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
    (folder / "pyproject.toml").write_text(f"{config}\n[tool.mutmut]\n{''.join(lines)}", encoding="utf-8")


def files() -> list[SourceFileMutationData]:
    """Return the mutated files of this folder with the results of their mutants."""
    found = [SourceFileMutationData(path=path) for path in walk_mutatable_files()]
    for file in found:
        file.load()
    return [file for file in found if file.exit_code_by_key]


def chosen(share: float, seed: int) -> list[str]:
    """Return the names of a share of the mutants of each file; the same seed gives the same names."""
    names: list[str] = []
    for file in files():
        every = sorted(file.exit_code_by_key)
        names += random.Random(f"{seed} {file.path}").sample(every, max(1, round(share * len(every))))
    return names


def change(name: str, path: Path | str) -> str:
    """Return one line for a mutant: the function, its code, and the code of the mutant.

    The line is empty if the mutant changes only the type in a `cast`, which does nothing at run time.
    """
    lines = get_diff_for_mutant(name, path=path).splitlines()
    old, new = (
        " ".join(
            line[1:].strip() for line in lines if line.startswith(sign) and not line.startswith(sign * 3)
        )
        for sign in "-+"
    )
    if CAST.sub("cast(", old) == CAST.sub("cast(", new):
        return ""
    function = (
        name.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x").strip("ǁ").replace("ǁ", ".")
    )
    return f"`{function.removeprefix('_')}`: `{old}` → `{new}`"


def report(names: set[str]) -> int:
    """Print a line of numbers for each file, and each unlisted survivor; return how many those are."""
    listed = LIST.read_text(encoding="utf-8")
    unlisted: list[str] = []
    for file in files():
        counts: Counter[str] = Counter()
        for name, code in file.exit_code_by_key.items():
            if name in names:
                status = status_by_exit_code[code]
                counts[status] += 1
                line = "" if status in NOTICED else change(name, file.path)
                if line and line not in listed:
                    unlisted.append(f"{file.path}: {status}: {line}")
        numbers = ", ".join(f"{number} {status}" for status, number in counts.most_common())
        print(f"{file.path}: {counts.total()} mutants: {numbers}")
    print(
        f"{len(unlisted)} survivors that tests/mutants/README.md does not list",
        *unlisted,
        sep="\n",
        flush=True,
    )
    return len(unlisted)


def main() -> int:
    """Return exit status 1 if a mutant survived that tests/mutants/README.md does not list."""
    parser = argparse.ArgumentParser(prog="nox -s mutation --", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", default=WHOLE, help=f"of {', '.join(WHOLE)}, or batch/plan; default all"
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="the share of each file's mutants; default 1"
    )
    parser.add_argument("--seed", type=int, default=7, help="the seed of that choice; default 7")
    parser.add_argument("--processes", type=int, default=2, help="default 2")
    parser.add_argument("--folder", type=Path, required=True, help="where the copies of the tree go")
    asked = parser.parse_args()
    environment = {
        **os.environ,
        "HONEYHIVE_TEST_SCALE": "0.01",
        "HONEYHIVE_TEST_SEED": "7",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    unlisted = 0
    for part in asked.parts:
        folder = (asked.folder / part.replace("/", "-")).resolve()
        prepare(part, folder)
        os.chdir(folder)
        reset_config()
        mutmut = [sys.executable, "-m", "mutmut"]
        subprocess.run([*mutmut, "run", "no-such-mutant"], env=environment, check=False, capture_output=True)
        names = chosen(asked.share, asked.seed)
        run = [*mutmut, "run", "--max-children", str(asked.processes), *names]
        with (folder / "mutmut.log").open("w", encoding="utf-8") as log:
            subprocess.run(run, env=environment, check=True, stdout=log, stderr=subprocess.STDOUT)
        unlisted += report(set(names))
    return 1 if unlisted else 0


if __name__ == "__main__":
    raise SystemExit(main())
