"""What the page of an example promises: its commands, and what they print."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```", re.M | re.S)
# What is another one in each run: durations with their unit, and the blanks that line them up.
_TIME = re.compile(r"[+-]?\d[\d,]*(?:\.\d+)? ?(?:µs|ms|min|s)\b")
_SETUP = ("pip install", "python3 -m venv")


@dataclass(frozen=True)
class Step:
    """The commands of a block, and what they print, or None where the page does not say."""

    commands: Sequence[str]
    prints: str | None


def steps(page: Path) -> list[Step]:
    """Return the blocks of commands of a page with the text below each, without those that only install."""
    found: list[Step] = []
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "sh":
            commands = [line for line in text.splitlines() if line and not line.startswith(_SETUP)]
            found.append(Step(commands, None))
        elif found:
            found[-1] = Step(found[-1].commands, text)
    return [step for step in found if step.commands]


def lasting(text: str) -> list[str]:
    """Return the lines of a text without what differs from run to run: times, and blanks between words."""
    lines = (" ".join(_TIME.sub("<time>", line).split()) for line in text.splitlines())
    return [line for line in lines if line]
