# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from typing import Final, Literal

FilterType = Literal["boolean", "datetime", "number", "string"]

FILTER_TYPE_VALUES: Final[frozenset[FilterType]] = frozenset(
    {
        "boolean",
        "datetime",
        "number",
        "string",
    }
)


def check_filter_type(value: str) -> FilterType:
    """Return the value if the document names it.

    Raises:
        TypeError: It is not.
    """
    if value in FILTER_TYPE_VALUES:
        return value
    raise TypeError(f"{value!r} is not one of {sorted(FILTER_TYPE_VALUES)}")
