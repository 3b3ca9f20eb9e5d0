"""Making the changes in our document, so that a second comparison finds nothing more to make."""

import copy

from codegen.sync.changes import Change, nothing
from codegen.sync.compare import compare
from codegen.sync.documents import Source

ROUNDS = 10  # an added schema can bring new places to compare, one level at a time


def take_over(ours: Source, theirs: Source) -> tuple[Source, list[Change]]:
    """Return a changed copy of our document, and the changes that only a person can make.

    A change that cannot be made as the newer document has it is left to a person too, and nothing is changed
    for it.
    """
    refused: set[str] = set()
    while True:
        trial = Source(copy.deepcopy(ours.root))
        first = _open(trial, theirs, refused)
        stuck = _made(trial, theirs, refused)
        if not stuck:
            return trial, [*compare(trial, theirs).changes]
        culprits = {str(change) for change in first if any(_touches(change, one) for one in stuck)}
        refused |= culprits or {str(change) for change in first}


def _open(trial: Source, theirs: Source, refused: set[str]) -> list[Change]:
    """Return the changes that can be made."""
    found = compare(trial, theirs).changes
    return [change for change in found if change.edit is not nothing and str(change) not in refused]


def _made(trial: Source, theirs: Source, refused: set[str]) -> list[Change]:
    """Make the changes in place, until there are none; return those that are still there."""
    before: set[str] = set()
    for _ in range(ROUNDS):
        todo = _open(trial, theirs, refused)
        names = {str(change) for change in todo}
        if not todo or names == before:
            return todo
        before = names
        for change in todo:
            change.edit()
    return _open(trial, theirs, refused)


def _touches(one: Change, other: Change) -> bool:
    """Return whether one of the two places is inside the other."""
    short, long = sorted((one.where, other.where), key=len)
    return long == short or long.startswith((f"{short}.", f"{short}["))
