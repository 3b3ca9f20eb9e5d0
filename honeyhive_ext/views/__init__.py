"""How an event, a tree or a report is shown: on a terminal, in a notebook, as a page."""

from __future__ import annotations

__all__: list[str] = []
