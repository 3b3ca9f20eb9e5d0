"""Format the new tree and mark every file as generated."""

import subprocess
import sys
from pathlib import Path

from codegen.errors import GenerationError

HEADER = "Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it."
# --isolated: ruff ignores the configuration of the folders above, wherever the tree is built. It also ignores
# a .gitignore there, or it would skip a tree that is built inside a `.nox`.
RUFF_STYLE = [
    *("--isolated", "--no-cache", "--quiet", "--no-respect-gitignore"),
    *("--line-length", "110", "--target-version", "py311"),
]


def format_tree(folder: Path) -> None:
    """Sort imports, drop unused ones, modernise and format every Python file with the pinned ruff."""
    _ruff("check", "--fix", "--select", "I,F401,F811,UP,PIE790,D209,D210,D212,W", folder=folder)
    _ruff("format", folder=folder)


def _ruff(*arguments: str, folder: Path) -> None:
    command = [sys.executable, "-m", "ruff", arguments[0], *RUFF_STYLE, *arguments[1:], "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GenerationError(f"ruff {arguments[0]} failed:\n{done.stdout}{done.stderr}".rstrip())


def stamp_tree(folder: Path) -> None:
    """Put the header on every Python file and add `py.typed` to every package.

    codegen/schemas.py writes the header of the JSON files, as `$comment`.
    """
    for package in sorted(path for path in folder.iterdir() if path.is_dir()):
        (package / "py.typed").write_text("", "utf-8")
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".py" or path.name == "py.typed":
            body = path.read_text("utf-8")
            path.write_text(f"# {HEADER}\n{body}", "utf-8")
