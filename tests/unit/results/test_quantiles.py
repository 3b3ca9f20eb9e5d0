"""Quantiles are exact up to a size, and then off by at most 1%, whatever the values are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from honeyhive_ext.results.quantiles import ACCURACY, EXACT, LARGEST, LEAST, Quantiles

VALUES = st.floats(-LARGEST, LARGEST, exclude_min=True, exclude_max=True)


def of(values: list[float]) -> Quantiles:
    quantiles = Quantiles()
    for value in values:
        quantiles.add(value)
    return quantiles


def nearest_rank(values: list[float], percent: int) -> float:
    return sorted(values)[max(1, -(-percent * len(values) // 100)) - 1]


@given(st.lists(VALUES, min_size=1, max_size=50), st.integers(0, 100))
def test_few_values_have_exact_quantiles(values: list[float], percent: int) -> None:
    quantiles = of(values)
    assert quantiles.exact
    assert quantiles.percentile(percent) == nearest_rank(values, percent)


@given(st.lists(VALUES, min_size=1, max_size=40), st.integers(0, 2**32), st.integers(0, 100))
def test_many_values_have_quantiles_within_the_bound(some: list[float], seed: int, percent: int) -> None:
    values = some * (EXACT // len(some) + 2)
    random.Random(seed).shuffle(values)
    quantiles = of(values)
    assert not quantiles.exact
    true = nearest_rank(values, percent)
    found = quantiles.percentile(percent)
    assert found is not None
    assert abs(found - true) <= ACCURACY * abs(true) * (1 + 1e-9) + LEAST


def test_values_beyond_the_largest_do_not_count_and_none_has_no_quantile() -> None:
    quantiles = of([LARGEST, -LARGEST, float("inf"), float("nan")])
    assert quantiles.number == 0
    assert quantiles.percentile(50) is None


@pytest.mark.parametrize("number", [EXACT, EXACT + 1])
def test_the_size_up_to_which_quantiles_are_exact_is_said(number: int) -> None:
    quantiles = of([float(n) for n in range(number)])
    assert quantiles.exact is (number == EXACT)


def test_memory_does_not_grow_with_the_number_of_values() -> None:
    chance = random.Random(1)
    quantiles = of([chance.lognormvariate(5, 2) for _ in range(50_000)])
    assert len(quantiles._buckets) < 1200
    assert len(quantiles._kept) == 0
