"""Numbers that the bounds of a JSON Schema allow."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from honeyhive_ext.testing.allows import is_multiple

# Within 64 bits, since orjson reads larger integers as floats (docs/low-level.md).
LEAST, MOST = -(2**63), 2**64 - 1
INTEGERS = st.integers(LEAST, MOST)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SPREAD = 1000  # multiples next to a bound, where a document names no other bound


def integers(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Generate the integers that the bounds and `multipleOf` of a schema allow."""
    # A whole number is a multiple of p/q, in lowest terms, if it is one of p.
    step = _fraction(schema.get("multipleOf", 1)).numerator
    low, high = _whole_bounds(schema)
    first = LEAST if low is None else low
    last = max(MOST, first + SPREAD * step) if high is None else high
    first = min(first, last - SPREAD * step) if low is None else first
    least, most = -(-first // step), last // step
    return st.integers(least, most).map(lambda count: count * step) if least <= most else st.nothing()


def _whole_bounds(schema: Mapping[str, Any]) -> tuple[int | None, int | None]:
    low = [math.ceil(schema["minimum"])] if "minimum" in schema else []
    high = [math.floor(schema["maximum"])] if "maximum" in schema else []
    if "exclusiveMinimum" in schema:
        low.append(math.floor(schema["exclusiveMinimum"]) + 1)
    if "exclusiveMaximum" in schema:
        high.append(math.ceil(schema["exclusiveMaximum"]) - 1)
    return max(low, default=None), min(high, default=None)


def _fraction(number: float) -> Fraction:
    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def numbers(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Generate the integers and floats that the bounds and `multipleOf` of a schema allow."""
    if "multipleOf" in schema:
        return integers(schema) | _multiples(schema)
    if not schema.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}:
        return INTEGERS | FLOATS
    low, high = _float_bounds(schema)
    if low > high:
        return integers(schema)
    return integers(schema) | st.floats(low, high, allow_nan=False, allow_infinity=False)


def _float_bounds(schema: Mapping[str, Any]) -> tuple[float, float]:
    """Return the least and the greatest float that the bounds allow."""
    low, high = -math.inf, math.inf
    for key, toward in (("minimum", math.inf), ("exclusiveMinimum", math.inf)):
        if key in schema:
            low = max(low, _beyond(schema[key], toward, itself=key == "minimum"))
    for key, toward in (("maximum", -math.inf), ("exclusiveMaximum", -math.inf)):
        if key in schema:
            high = min(high, _beyond(schema[key], toward, itself=key == "maximum"))
    largest = math.nextafter(math.inf, 0)
    return max(low, -largest), min(high, largest)


def _beyond(bound: float, toward: float, *, itself: bool) -> float:
    """Return the first float at the bound or beyond it; a large integer has no float of its own."""
    try:
        found = float(bound)
    except OverflowError:
        return toward if (bound > 0) == (toward > 0) else -toward
    if found == bound and not itself:
        return math.nextafter(found, toward)
    short = found < bound if toward > 0 else found > bound
    return math.nextafter(found, toward) if short else found


def _multiples(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    step = schema["multipleOf"]
    low, high = _float_bounds(schema)
    exact = _fraction(step)
    least, most = (math.ceil(max(low, -(2.0**52)) / step), math.floor(min(high, 2.0**52) / step))
    if least > most:
        return st.nothing()
    counts = (
        st.integers(max(least, -SPREAD), min(most, SPREAD))
        if least <= SPREAD and most >= -SPREAD
        else st.nothing()
    )
    found = (counts | st.integers(least, most)).map(lambda count: float(count * exact))
    return found.filter(lambda value: low <= value <= high and is_multiple(value, step))
