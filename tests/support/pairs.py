"""A set of combinations that holds every pair of values of every two options."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

_TRIES = 8  # random orders tried for each row; the one that covers most is taken


def pairwise(options: Mapping[str, Sequence[Any]], seed: int = 0) -> list[dict[str, Any]]:
    """Return rows, each with one value for every option, that together hold every pair.

    Greedy: each row starts with a pair that is still missing and takes, option by option, the value that
    covers most of the pairs still missing.

    >>> len(pairwise({"a": [1, 2], "b": [1, 2], "c": [1, 2]}))
    4
    """
    draw = random.Random(seed)
    missing = {
        frozenset({(one, x), (two, y)})
        for one, two in combinations(options, 2)
        for x in options[one]
        for y in options[two]
    }
    rows: list[dict[str, Any]] = []
    while missing:
        tries = [_row(options, missing, draw) for _ in range(_TRIES)]
        best = max(tries, key=lambda row: len(_pairs(row) & missing))
        missing -= _pairs(best)
        rows.append({name: best[name] for name in options})
    return rows


def _row(
    options: Mapping[str, Sequence[Any]], missing: set[frozenset[tuple[str, Any]]], draw: random.Random
) -> dict[str, Any]:
    row: dict[str, Any] = dict(draw.choice(sorted(missing, key=sorted)))
    rest = [name for name in options if name not in row]
    draw.shuffle(rest)
    for name in rest:
        values = list(options[name])
        draw.shuffle(values)
        row[name] = max(
            values, key=lambda v: sum(frozenset({(name, v), other}) in missing for other in row.items())
        )
    return row


def _pairs(row: Mapping[str, Any]) -> set[frozenset[tuple[str, Any]]]:
    return {frozenset(pair) for pair in combinations(row.items(), 2)}
