"""Comparing two trees of files, and replacing an old one by a new one."""

import shutil
import tempfile
from pathlib import Path


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below `folder` by its relative path, without the caches of Python."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def differences(fresh: Path, existing: Path) -> list[str]:
    """Return a line for each file that is missing in `existing`, differs from `fresh` or is stale."""
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
    """Replace the whole of `target` by `fresh`, by two renames, so that no tree is ever incomplete.

    `fresh` must be on the same file system as `target`.
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
