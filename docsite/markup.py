"""The docstrings of the house style as griffe and Markdown read them. Pure."""

from __future__ import annotations

import re

_DOCTEST = re.compile(r"^( *)>>> .*(?:\n(?! *$).*)*", re.MULTILINE)
_TOGETHER = re.compile(
    r"^(?P<indent> +)(?P<names>\*{0,2}\w+(?:, \*{0,2}\w+)+):(?P<text> .*(?:\n(?P=indent) +\S.*)*)",
    re.MULTILINE,
)


def fenced(text: str) -> str:
    """Return a docstring with a fence around each doctest, which Markdown would take for a quotation.

    >>> fenced("Add.\\n\\n>>> 1 + 1\\n2\\n\\nThat is all.")
    'Add.\\n\\n```pycon\\n>>> 1 + 1\\n2\\n```\\n\\nThat is all.'
    """
    return _DOCTEST.sub(lambda found: f"{found[1]}```pycon\n{found[0]}\n{found[1]}```", text)


def one_each(text: str) -> str:
    """Return a docstring with an entry for each argument, where several share one.

    >>> print(one_each("Args:\\n    retry, timeout: As for\\n        `create`.\\n    x: More."))
    Args:
        retry: As for
            `create`.
        timeout: As for
            `create`.
        x: More.
    """

    def entries(found: re.Match[str]) -> str:
        return "\n".join(f"{found['indent']}{name}:{found['text']}" for name in found["names"].split(", "))

    return _TOGETHER.sub(entries, text)
