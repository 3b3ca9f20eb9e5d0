"""The document as the generator gets it: its texts cleaned, so that every text makes a clean docstring."""

from collections.abc import Sequence
from typing import Any, cast

from codegen.prose import prose
from codegen.reading import is_object

TEXTS = ("title", "summary", "description")
EXAMPLES = ("example", "examples")
DATA = ("const", "default", "enum")  # values, whose keys are no keywords
NAMES = ("properties", "patternProperties", "dependentSchemas", "schemas", "responses", "parameters")


def prepared(node: Any, *, names: bool = False) -> Any:
    """Return a copy with every text in one line.

    Args:
        node: A part of the document.
        names: Whether the keys of this part are names, such as those of properties.
    """
    if isinstance(node, list):
        return [prepared(item) for item in cast("Sequence[Any]", node)]
    if not is_object(node):
        return node
    result: dict[str, Any] = {}
    for key, value in node.items():
        if names:
            result[key] = prepared(value)
        elif key in TEXTS and isinstance(value, str):
            result[key] = prose(value)
        elif key in EXAMPLES:
            result[key] = _example(value)
        else:
            result[key] = value if key in DATA else prepared(value, names=key in NAMES)
    return result


def _example(value: Any) -> Any:
    if isinstance(value, str):
        return prose(value)
    if isinstance(value, list):
        return [_example(item) for item in cast("Sequence[Any]", value)]
    return {**value} if is_object(value) else value
