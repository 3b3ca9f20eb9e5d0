"""Mutation testing: run mutmut over a part of the code in a copy of the tree, and name the survivors.

`nox -s mutation -- batch` changes honeyhive_ext/batch/ a line at a time and runs the tests of that part
after each change; `-- batch/plan` changes one file. It fails where a change goes unnoticed that
docs/mutants.md does not list.
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

ROOT = Path(__file__).resolve().parents[2]
NOTICED = ("killed", "timeout")
CAST = re.compile(r'\bcast\((?:None|"[^"]*"), ')

# The tests where the promises of a part are held. More would be slower, and rarely notice more.
TESTS = {
    "retry": ["unit/test_retry", "unit/test_exchange", "property/test_exchange"],
    "failures": ["unit/test_fail*", "unit/test_redaction", "unit/test_transport"],
    "exchange": ["unit/test_exchange", "unit/test_failure_messages", "property/test_exchange"],
    "filters": ["unit/test_filter*", "property/test_filters"],
    "batch": ["unit/test_batch*", "property/test_batch*"],
    "search": [
        *("unit/test_search*", "unit/test_walk*", "unit/test_checkpoint", "unit/test_cursor"),
        *("unit/test_drain", "unit/test_follow", "unit/test_overlap", "unit/test_parse", "unit/test_rows"),
        *("unit/test_sharing", "unit/test_windows", "property/test_lines", "property/test_walk"),
        "property/test_windows",
        *("client/test_search*", "client/test_tail"),
    ],
    "batch/plan": ["unit/test_batch_plan", "property/test_batch_reconcile"],
    "batch/reconcile": ["unit/test_batch_delivery", "property/test_batch_reconcile"],
    "search/aio_fetch": ["unit/test_search_fetchers", "client/test_search_ahead"],
    "search/aio_result": ["client/test_search*"],
    "search/checkpoint": ["unit/test_checkpoint"],
    "search/cursor": ["unit/test_cursor"],
    "search/drain": ["unit/test_drain", "unit/test_walk_steps"],
    "search/fetch": ["unit/test_search_fetchers", "client/test_search_ahead"],
    "search/follow": ["unit/test_follow"],
    "search/lines": ["property/test_lines", "unit/test_search_messages"],
    "search/overlap": ["unit/test_overlap", "unit/test_walk*", "property/test_walk"],
    "search/parse": ["unit/test_parse"],
    "search/query": ["unit/test_search_messages", "unit/test_search_query"],
    "search/result": ["client/test_search*"],
    "search/rows": ["unit/test_rows", "unit/test_walk_steps"],
    "search/sharing": ["unit/test_sharing"],
    "search/walk": ["unit/test_walk*", "property/test_walk"],
    "search/windows": ["unit/test_windows"],
}
WHOLE = [part for part in TESTS if "/" not in part]
LEFT_OUT = (
    # Seconds for each mutant.
    "unit/test_batch_ids.py::test_a_million_ids_take_less_than_64_mb_with_the_memory_of_those_that_came_before",
    "property/test_walk.py::test_ten_thousand_events_in_one_millisecond_come_exactly_once",
)


def prepare(part: str, folder: Path) -> None:
    """A copy of the tree in `folder`, set up for one part, or for one file of it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("honeyhive_ext", "generated", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    patterns = TESTS.get(part) or TESTS[part.partition("/")[0]]
    tests = [str(p.relative_to(ROOT)) for pattern in patterns for p in ROOT.glob(f"tests/{pattern}.py")]
    settings = {
        "source_paths": ["honeyhive_ext"],
        "only_mutate": [f"honeyhive_ext/{part}.py", f"honeyhive_ext/{part}/*.py"],
        "also_copy": ["generated", "docs"],
        "use_git_change_detection": False,
        "track_dependencies": False,
        "timeout_constant": 5.0,
        "timeout_multiplier": 2.0,
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": [
            # What pytest does at its start and end took 0.165 s of CPU for a mutant; without these, 0.06 s.
            *("-p", "no:cacheprovider", "-p", "no:unraisableexception", "-p", "no:threadexception"),
            *("-p", "pytest_socket"),
            *(f"--deselect=tests/{test}" for test in LEFT_OUT),
        ],
    }
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings.items()]
    (folder / "pyproject.toml").write_text(f"{config}\n[tool.mutmut]\n{''.join(lines)}", encoding="utf-8")


def files() -> list[SourceFileMutationData]:
    """The mutated files of this folder with what is known of their mutants."""
    found = [SourceFileMutationData(path=path) for path in walk_mutatable_files()]
    for file in found:
        file.load()
    return [file for file in found if file.exit_code_by_key]


def chosen(share: float, seed: int) -> list[str]:
    """The names of a share of the mutants of each file, the same for the same seed."""
    names: list[str] = []
    for file in files():
        every = sorted(file.exit_code_by_key)
        names += random.Random(f"{seed} {file.path}").sample(every, max(1, round(share * len(every))))
    return names


def change(name: str, path: Path | str) -> str:
    """One line for a mutant: the function, what stands there, what the mutant has instead.

    No text for one that changes only the type that a `cast` names, which does nothing at run time.
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
    """Print a line of numbers for each file and each unlisted survivor; return how many there are."""
    listed = (ROOT / "docs" / "mutants.md").read_text(encoding="utf-8")
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
    print(f"{len(unlisted)} survivors that docs/mutants.md does not list", *unlisted, sep="\n", flush=True)
    return len(unlisted)


def main() -> int:
    """Exit status 1 where a mutant survived that docs/mutants.md does not list."""
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
