"""The keywords of OpenAPI and JSON Schema, by what the comparison makes of them.

A keyword that is in none of these tables, and that the two documents do not share, is "not compared".
"""

import re
from collections.abc import Mapping
from typing import Any

# Words for people; they promise nothing.
TEXTS = frozenset(
    {"title", "summary", "description", "example", "examples", "externalDocs", "tags", "$comment"}
    | {"contact", "license", "termsOfService"}
)
# Extensions for the service's own command line and SDKs, and our own.
EXTENSIONS = re.compile(r"x-(cli|ts-sdk|py-sdk)-.*|x-hidden|x-unit")

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
LIMITS = (*LOWER, *UPPER, "multipleOf", "pattern", "uniqueItems")
UNIONS = ("anyOf", "oneOf", "allOf")
# Each of these only takes values away. An answer that has one is still read by a schema without it.
NARROWING = frozenset(
    {*LIMITS, *UNIONS, "not", "if", "then", "else", "contains", "minContains", "maxContains", "prefixItems"}
    | {"propertyNames", "patternProperties", "dependentRequired", "dependentSchemas", "unevaluatedItems"}
    | {"unevaluatedProperties"}
)
# The values that say the same as leaving the keyword out.
USUAL: Mapping[str, Any] = {
    **dict.fromkeys(("minLength", "minItems", "minProperties"), 0),
    **dict.fromkeys(("uniqueItems", "deprecated", "nullable", "readOnly", "writeOnly"), False),
    "required": [],
}
# Keywords of a schema that are about values of one type.
ABOUT = {
    "object": {
        *("properties", "required", "additionalProperties", "minProperties", "maxProperties"),
        *(
            "propertyNames",
            "patternProperties",
            "dependentRequired",
            "dependentSchemas",
            "unevaluatedProperties",
        ),
    },
    "array": {
        *("items", "prefixItems", "contains", "minContains", "maxContains", "minItems", "maxItems"),
        *("uniqueItems", "unevaluatedItems"),
    },
    "string": {"minLength", "maxLength", "pattern", "format"},
    "number": {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "format"},
}


def is_words(key: str) -> bool:
    """Return whether a keyword promises nothing about requests and answers."""
    return key in TEXTS or EXTENSIONS.fullmatch(key) is not None
