"""One change, and what it does to programs that were written against the older document."""

from collections.abc import Callable, Sequence
from typing import Literal

from attrs import field, frozen

Effect = Literal["breaks senders", "breaks readers", "harmless"]
Kind = Literal["added", "removed", "changed"]
ORDER: tuple[Effect, ...] = ("breaks senders", "breaks readers", "harmless")


@frozen
class Change:
    """A difference between the newer document and ours.

    Attributes:
        kind: Whether something is new, gone, or other than it was.
        where: What it is about, such as `PostEventRequest.duration`.
        what: The difference in words.
        effect: Whom it breaks: programs that send, programs that read, or nobody.
        edit: Takes it over into our document, which it changes in place.
    """

    kind: Kind
    where: str
    what: str
    effect: Effect
    edit: Callable[[], None] = field(repr=False, eq=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what} ({self.effect})"


def report(changes: Sequence[Change], new_operations: Sequence[str]) -> str:
    """The report for people, what breaks first."""
    lines: list[str] = []
    for effect in ORDER:
        chosen = sorted(str(change) for change in changes if change.effect == effect)
        lines += chosen
    lines += [f"not covered: {operation}" for operation in new_operations]
    counts = ", ".join(f"{sum(c.effect == effect for c in changes)} {effect}" for effect in ORDER)
    lines.append(f"{len(changes)} changes: {counts}" if changes else "openapi.yaml is current")
    return "\n".join(lines)
