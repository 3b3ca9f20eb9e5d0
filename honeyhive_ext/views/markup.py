"""Texts of others as HTML, and the frames around them: the one place that writes markup. Pure.

Every text is escaped, and its control characters are shown as escapes. There is no script, no `style`
attribute and no address, so what is shown does nothing, under any content security policy.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape

from honeyhive_ext.config.printable import printable
from honeyhive_ext.views.formats import Cell, number_text
from honeyhive_ext.views.styles import PAGE, STYLE

MOST_ROWS = 10  # of a table in a notebook
MOST_TEXT = 300  # characters of a cell


def escaped(text: str) -> str:
    r"""Return a text as HTML on one line.

    >>> escaped('<b onclick="x()">\x1b\n')
    '&lt;b onclick=&quot;x()&quot;&gt;\\x1b\\n'
    """
    return escape(printable(text))


def escaped_lines(text: str) -> str:
    r"""Return a text as HTML that keeps its lines and tabs.

    >>> escaped_lines("a\r\n<b>\t\x07")
    'a\n&lt;b&gt;\t\\x07'
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("\t".join(escaped(part) for part in line.split("\t")) for line in lines)


def span(kind: str, text: str) -> str:
    """Return a text as HTML with a class of the style, or "" for an empty text."""
    return f'<span class="hh-{kind}">{escaped(text)}</span>' if text else ""


def note(text: str) -> str:
    """Return a line of plain words."""
    return f'<div class="hh-note">{escaped(text)}</div>'


def fragment(body: str) -> str:
    """Return what a notebook shows."""
    return f'<div class="hh-view"><style>{STYLE}</style>{body}</div>'


def document(title: str, body: str) -> str:
    """Return a page that needs nothing else, and that may load and run nothing."""
    style = STYLE + PAGE
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">'
        f"<title>{escaped(title)}</title><style>{style}</style></head>\n"
        f'<body><main class="hh-view">{body}</main></body></html>\n'
    )


def table(columns: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """Return a table without the columns that are empty; None is an empty cell."""
    kept = [at for at in range(len(columns)) if any(row[at] is not None for row in rows)]
    head = "".join(f"<th>{escaped(columns[at])}</th>" for at in kept)
    body = "".join(f"<tr>{''.join(_cell(row[at]) for at in kept)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def card(
    title: str,
    facts: Iterable[tuple[str, Cell]],
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[Cell]] = (),
    *,
    of: int | None = None,
) -> str:
    """Return what a notebook shows of a report: its facts, and the first rows of a table.

    Args:
        title: What it is.
        facts: Names and values. What is None, "" or 0 is left out.
        columns: The heads of the table.
        rows: Its rows. The first 10 are shown, and the number of the others.
        of: How many rows there are, if `rows` has only the first.
    """
    pairs = "".join(
        f"<tr><th>{escaped(name)}</th>{_cell(value)}</tr>" for name, value in facts if value or value is False
    )
    body = f'<div class="hh-head"><b>{escaped(title)}</b></div>'
    body += f"<table><tbody>{pairs}</tbody></table>" if pairs else ""
    if rows:
        body += table(columns, rows[:MOST_ROWS])
        left = (len(rows) if of is None else of) - min(len(rows), MOST_ROWS)
        body += note(f"{number_text(left)} more") if left > 0 else ""
    return fragment(body)


def _cell(value: Cell) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = str(value)
        shown = text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"
        return f"<td>{escaped(shown)}</td>"
    return f'<td class="hh-number">{number_text(value)}</td>'
