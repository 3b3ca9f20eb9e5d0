"""Compare two trees of files, and put a fresh one in the place of an old one."""

import shutil
import tempfile
from pathlib import Path


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its relative path; what Python caches is not part of the tree."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def differences(fresh: Path, existing: Path) -> list[str]:
    """One line for each file of `existing` that is not what `fresh` holds: missing, differs or stale."""
    wanted, found = tree(fresh), tree(existing)
    lines: list[str] = []
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            lines.append(f"missing: {name}")
        elif name not in wanted:
            lines.append(f"stale: {name}")
        elif wanted[name] != found[name]:
            lines.append(f"differs: {name}")
    return lines


def swap(fresh: Path, target: Path) -> None:
    """Put `fresh` in the place of `target`, with everything that was in it; two renames, no half tree.

    `fresh` must be on the file system of `target`.
    """
    if not target.exists():
        fresh.rename(target)
        return
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-old-") as attic:
        old = Path(attic) / target.name
        target.rename(old)
        try:
            fresh.rename(target)
        except OSError:
            old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
