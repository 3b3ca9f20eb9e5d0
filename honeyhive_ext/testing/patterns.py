"""Strings that follow a pattern of a JSON Schema."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from honeyhive_schemas._patterns import python_pattern
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from honeyhive_ext.errors import ConfigError

# The first that has a match is used. Python and ECMA-262 differ in which controls "." and "\\s" match.
_ALPHABETS = (
    st.characters(codec="ascii", exclude_categories=["Cc"]),
    st.characters(codec="ascii"),
    st.characters(),
)


def matching(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    """Generate strings that follow `pattern`, mostly no longer than `maxLength`.

    Raises:
        ConfigError: Python cannot read the pattern.
    """
    pattern: str = schema["pattern"]
    try:
        compiled = python_pattern(pattern, schema.get("maxLength"))
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigError(
            f"cannot generate strings of the pattern {pattern!r}: {error}; give a strategy for the field"
        ) from error
    for alphabet in _ALPHABETS:
        found = st.one_of(
            st.from_regex(compiled, fullmatch=True, alphabet=alphabet),
            st.from_regex(compiled, alphabet=alphabet),
        )
        try:
            found.validate()
        except InvalidArgument:
            continue
        return found
    return st.from_regex(compiled)
