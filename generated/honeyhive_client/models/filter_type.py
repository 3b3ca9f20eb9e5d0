# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
from typing import Literal

FilterType = Literal["boolean", "datetime", "number", "string"]

FILTER_TYPE_VALUES: set[FilterType] = {
    "boolean",
    "datetime",
    "number",
    "string",
}


def check_filter_type(value: str) -> FilterType:
    if value in FILTER_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {FILTER_TYPE_VALUES!r}")
