# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from typing import Final, Literal

FilterOperator = Literal[
    "after",
    "before",
    "contains",
    "exists",
    "greater than",
    "is",
    "is not",
    "less than",
    "not contains",
    "not exists",
]

FILTER_OPERATOR_VALUES: Final[frozenset[FilterOperator]] = frozenset(
    {
        "after",
        "before",
        "contains",
        "exists",
        "greater than",
        "is",
        "is not",
        "less than",
        "not contains",
        "not exists",
    }
)


def check_filter_operator(value: str) -> FilterOperator:
    """Return the value if the document names it.

    Raises:
        TypeError: It is not.
    """
    if value in FILTER_OPERATOR_VALUES:
        return value
    raise TypeError(f"{value!r} is not one of {sorted(FILTER_OPERATOR_VALUES)}")
