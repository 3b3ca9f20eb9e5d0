"""Descriptions of the document as docstrings of Python."""

import textwrap

WIDTH = 110
JOINER = "\u200d"  # joins two characters into one sign; text of many languages needs it


def prose(text: str) -> str:
    r"""Return a text in one line, without what cannot be seen, such as turned directions.

    >>> prose(" two\n\n lines\0 ")
    'two lines'
    """
    spaced = (" " if char.isspace() else char for char in text)
    return " ".join("".join(char for char in spaced if char.isprintable() or char == JOINER).split())


def docstring(text: str, indent: str) -> str:
    """Return a docstring that evaluates to the text, whatever it begins or ends with."""
    safe = text.replace("\\", "\\\\")
    if '"""' in safe or safe.startswith('"') or safe.endswith('"'):
        safe = safe.replace('"', '\\"')
    one_line = f'{indent}"""{safe}"""'
    if len(one_line) <= WIDTH:
        return one_line
    # A word that is broken could be broken inside an escape.
    wrapped = textwrap.fill(
        f'"""{safe}', WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )
    return f'{wrapped}\n{indent}"""'
