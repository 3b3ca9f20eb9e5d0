"""One change, and what it means for programs written for the older document."""

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
        kind: Whether something was added, removed or changed.
        where: The place in the document, such as `PostEventRequest.duration`.
        what: The difference in words.
        effect: Which programs it breaks: those that send, those that read, or none.
        edit: Makes the change in our document, in place.
    """

    kind: Kind
    where: str
    what: str
    effect: Effect
    edit: Callable[[], None] = field(repr=False, eq=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what} ({self.effect})"


def report(changes: Sequence[Change], new_operations: Sequence[str]) -> str:
    """Return the report for people; changes that break programs come first."""
    lines: list[str] = []
    for effect in ORDER:
        chosen = sorted(str(change) for change in changes if change.effect == effect)
        lines += chosen
    lines += [f"not covered: {operation}" for operation in new_operations]
    counts = ", ".join(f"{sum(c.effect == effect for c in changes)} {effect}" for effect in ORDER)
    lines.append(f"{len(changes)} changes: {counts}" if changes else "openapi.yaml is current")
    return "\n".join(lines)
