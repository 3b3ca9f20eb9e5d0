"""The pages of the site, and what their links become there. Pure but for `load`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

# Pages that are kept where people look for them in a repository, and their place on the site.
OUTSIDE = {
    "CHANGELOG.md": "maintainers/changelog.md",
    "CONTRIBUTING.md": "maintainers/contributing.md",
    "SECURITY.md": "maintainers/security.md",
    "benchmarks/README.md": "maintainers/benchmarks.md",
    "benchmarks/results.md": "maintainers/benchmark-results.md",
    "examples/README.md": "examples.md",
}
BRANCH = "main"

_CODE = re.compile(r"^( *)(```+|~~~+).*?^\1\2 *$|(?<!`)(`+)(?!`).+?(?<!`)\3(?!`)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(\]\(\s*<?|^ {0,3}\[[^]\n]+\]:\s+<?|\b(?:src|href)=\")([^)\s>\"]+)", re.MULTILINE)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//|#")


class Rewritten(NamedTuple):
    """A page as the site has it.

    Attributes:
        text: The page, with links that hold on the site.
        broken: The links that lead to nothing, as they are written.
    """

    text: str
    broken: list[str]


def placed(names: list[str]) -> dict[str, str]:
    """Return the place on the site of each file, by its path in the repository.

    >>> placed(["docs/images/trace.png", "SECURITY.md", "openapi.yaml"])
    {'docs/images/trace.png': 'images/trace.png', 'SECURITY.md': 'maintainers/security.md'}
    """
    places = {name: name.removeprefix("docs/") for name in names if name.startswith("docs/")}
    return places | {name: OUTSIDE[name] for name in names if name in OUTSIDE}


def rewritten(
    text: str, source: str, places: Mapping[str, str], exists: Callable[[str], bool], repository: str
) -> Rewritten:
    """Return a page with the links that it has on the site.

    A link to another page leads to its place on the site, and a link to any other file of the repository to
    the file on `repository`. So does a link to the repository's own address: it may be written in full, as
    the README must.

    Args:
        text: The page.
        source: Its path in the repository.
        places: See `placed`.
        exists: Whether the repository has a file or a folder of this path.
        repository: The address of the repository, without a slash at the end.
    """
    broken: list[str] = []
    here = PurePosixPath(places.get(source, source)).parent

    def link(match: re.Match[str]) -> str:
        before, target = match.groups()
        path = path_of(target, source, repository)
        if path is None:
            return match.group()
        name, mark, anchor = path.partition("#")
        if not exists(name):
            broken.append(target)
            return match.group()
        if name in places:
            there = os.path.relpath(places[name], here)
            return f"{before}{there}{mark}{anchor}"
        return f"{before}{repository}/blob/{BRANCH}/{name}{mark}{anchor}"

    pieces: list[str] = []
    end = 0
    for code in _CODE.finditer(text):
        pieces += [_LINK.sub(link, text[end : code.start()]), code.group()]
        end = code.end()
    pieces.append(_LINK.sub(link, text[end:]))
    return Rewritten("".join(pieces), broken)


def path_of(target: str, source: str, repository: str) -> str | None:
    """Return the path in the repository that a link leads to, with its anchor; None for another website.

    >>> path_of("../SECURITY.md#keys", "docs/failures.md", "https://example.org/r")
    'SECURITY.md#keys'
    >>> path_of("https://example.org/r/blob/main/docs/tracing.md", "README.md", "https://example.org/r")
    'docs/tracing.md'
    >>> path_of("https://example.org/", "README.md", "https://example.org/r")
    """
    for kind in ("blob", "tree", "raw"):
        start = f"{repository}/{kind}/{BRANCH}/"
        if target.startswith(start):
            return target.removeprefix(start)
    if _SCHEME.match(target):
        return None
    path, mark, anchor = target.partition("#")
    return os.path.normpath(PurePosixPath(source).parent / path) + mark + anchor


def load(root: Path) -> list[str]:
    """Return the files that the site is made of, as paths in the repository."""
    inside = [path for path in sorted((root / "docs").rglob("*")) if path.is_file()]
    return [path.relative_to(root).as_posix() for path in inside] + [
        name for name in OUTSIDE if (root / name).is_file()
    ]
