"""The files that a guide shows: its code blocks that have a title."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

_TITLED = re.compile(r'^```python title="([\w.]+)"\n(.*?)^```', re.M | re.S)
_SECTION = re.compile(r"^## (.+)$", re.M)


def files(page: Path) -> Mapping[str, Mapping[str, str]]:
    """Section heading to file name to text, for every section that shows files."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    heading, *rest = _SECTION.split(page.read_text(encoding="utf-8"))
    for section, text in [("", heading), *zip(rest[::2], rest[1::2], strict=True)]:
        for name, code in _TITLED.findall(text):
            found[section][name] = code
    return found
