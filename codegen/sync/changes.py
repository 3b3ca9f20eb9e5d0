"""One change, and what it means for programs written for the older document."""

from collections.abc import Callable, Sequence
from typing import Literal

from attrs import field, frozen

Effect = Literal["breaks senders", "breaks readers", "harmless"]
Kind = Literal["added", "removed", "changed"]
Edit = Callable[[], None]
ORDER: tuple[Effect, ...] = ("breaks senders", "breaks readers", "harmless")


def nothing() -> None:
    """Do nothing: only a person can make this change."""


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
    edit: Edit = field(repr=False, eq=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what} ({self.effect})"


@frozen
class NotCompared:
    """A keyword that says something else in the newer document, and of which nobody knows what it means.

    Attributes:
        keyword: The keyword.
        where: The place in the document.
    """

    keyword: str
    where: str

    def __str__(self) -> str:
        return f"not compared: {self.keyword} at {self.where}"


Finding = Change | NotCompared


@frozen
class Comparison:
    """The result of a comparison.

    Attributes:
        changes: Every change of the operations that openapi.yaml has.
        not_compared: Every keyword that differs and has no comparison.
        not_covered: The operations that openapi.yaml does not have.
    """

    changes: Sequence[Change]
    not_compared: Sequence[NotCompared]
    not_covered: Sequence[str]

    @property
    def is_current(self) -> bool:
        """Whether the operations that openapi.yaml has are the same in both documents."""
        return not self.changes and not self.not_compared


def report(found: Comparison) -> str:
    """Return the report for people; changes that break programs come first."""
    changes = found.changes
    lines: list[str] = []
    for effect in ORDER:
        lines += sorted(str(change) for change in changes if change.effect == effect)
    lines += sorted(map(str, found.not_compared))
    lines += [f"not covered: {operation}" for operation in found.not_covered]
    return "\n".join([*lines, _summary(found)])


def _summary(found: Comparison) -> str:
    if found.is_current and not found.not_covered:
        return "openapi.yaml is current"
    counts = ", ".join(f"{sum(c.effect == effect for c in found.changes)} {effect}" for effect in ORDER)
    parts = [f"{len(found.changes)} changes: {counts}" if found.changes else "no changes in what is compared"]
    if found.not_compared:
        parts.append(f"{_counted(len(found.not_compared), 'keyword')} not compared")
    if found.not_covered:
        parts.append(f"{_counted(len(found.not_covered), 'operation')} not covered")
    return "; ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
