"""Odd words and forms in Markdown and in docstrings, and the plain English for them.

A rule is a pattern and what to write instead. Code and the targets of links are left out. Cells and headings
are left out where a rule is about sentences. `findings` yields one line for each place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_WORDS = 40  # in a sentence

_SETTING = r"(?:bound|limit|rule|option|setting|variable|switch|default)(?:s|es)?"
RULES: list[tuple[str, str]] = [
    # pattern, what to write instead
    (r"\banew\b", "again"),
    (r"\bin vain\b", "without success"),
    (r"\bfor ever\b", "forever"),
    (r"\bof (?:its|their|his|your|our|my) own\b", "its own, your own: before the noun"),
    (r"\bof (?:yours|ours|theirs)\b", "your, our, their: before the noun"),
    (r"\bbeside\b", "next to"),
    (r"\bhand(?:s|ed|ing)? (?:out|over)\b", "yield, give, queue"),
    (r"\bhang(?:s|ing)? on\b", "attach to"),
    (r"\bstands? (?:there|here|alone|in|at|on|below|above|behind|next|beside)\b", "is, are"),
    (rf"\b{_SETTING} (?:also |still )?holds?(?= (?:for|after|here|there|too|as well)\b|[.,;])", "apply"),
    (r"\b(?:go|goes|went|going) on\b", "continue"),
    (r"\b(?:hold|holds) (?:here|there|too|as well|likewise)\b", "apply"),
    (r"\b(?:lot|lots)\b", "batch, many"),
    (r"\b(?:crew|passengers?)\b", "workers, events"),
    (r"\blanes\b", "connections; `lane` is an option"),
    (r"(?<!\bin )\bflights?\b", "in flight"),
    (r"\blearnt\b", "learned, observed"),
    (r"\bdoors?\b", "client"),
    (r"\b(?:sync|async|thin|both|two) shells?\b", "sync client, async client"),
    (r"\bwalks?\b", "pagination"),
    (r"(?<!code )(?<!content )\b(?:a|the|each|every|this|its|all|outer|inner) blocks?\b(?! of text)", "span"),
    (r"\bhalf a character\b", "a lone surrogate"),
    (r"\b(?:whoever|whosoever|whomever)\b", "name the person or the thing"),
    (r"\b(?:upon|whilst|thereof|therein|whereby|wherein|hence|thus|till|ere|amongst)\b", "a standard word"),
    (r"\b(?:be|is|are|was|were|been) had\b|\bhad before\b", "received, known"),
    (r"(?<!there )\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|one\b)[a-z]", "is not a, are not"),
    (r"\bas no [a-z]+ (?:is|does|has)\b", "not as"),
    (r"\bno [a-z]+ of today\b", "not today's"),
    (r", also (?:where|if|when|of|in|over|with)\b", "two sentences"),
    (r"\bby whom\b|\bto whom\b|\bof whom\b", "two sentences"),
    (r"\bis looked at\b|\bare looked at\b|\bis asked for\b", "the active voice"),
    (r"\bso long\b(?! as)", "for this time"),
    (r"\bsave for\b|\bbut for\b", "except"),
    (r"\b(?:is|are) of use\b", "is useful"),
    (r"\bof today\b", "today's, present"),
    (r"\btold of\b", "the active voice"),
    (r"\blength of (?:a|an|the|each|its) (?:span|event|step|session|call)\b", "duration"),
    (r"\bmoment of (?:a|an|the|each|its) (?:span|event|step|session|call)\b", "timestamp"),
]
# About the beginning of a sentence; a link there counts as a name, and a question is none of these.
BEGINNINGS: list[tuple[str, str]] = [
    (r"What (?![^?]*[?:]$)", "name the thing that is the subject"),
    (r"(?:Where|Whether) (?![^,?]*,)(?![^?]*[?:]$)", "If ..., the ..."),
    (r"(?:Neither|Nor) ", "two sentences, or: no ..."),
]
MICROSECONDS = (r"µs\b|\bmicroseconds? (?:each|an?|per)\b", "the reason; figures are in performance.md")
_RULES = [(re.compile(pattern, re.I), instead) for pattern, instead in RULES]
_BEGINNINGS = [(re.compile(pattern), instead) for pattern, instead in BEGINNINGS]
_MICROSECONDS = (re.compile(MICROSECONDS[0]), MICROSECONDS[1])

_FENCE = re.compile(r"^ *```.*?^ *```", re.M | re.S)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_CODE = re.compile(r"``[^`]*``|`[^`]*`")
_END = re.compile(r"(?<=[.!?])[)\"']*\s+(?=[A-Z`(\"'«])|(?<=:)\s+(?=[A-Z][a-z]+ )")
_BLANKS = re.compile(r"\s+")
_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.) ")
_ENTRY = re.compile(r"^\s*(?:[-*] |[A-Z][a-z]+:$|[\w, ]{1,40}: )")  # of a docstring
_VALUE = re.compile(r"\"\w+\"")
_TREE = re.compile(r"^ .*[├└│].*$", re.M)
_EXAMPLE = re.compile(r"^ *>>> .*?(?:\n[ ]*\n|\Z)", re.M | re.S)


def plain(text: str) -> str:
    """Return Markdown without code, comments and the targets of links, at the same length in lines."""
    for pattern in (_FENCE, _COMMENT):
        text = pattern.sub(lambda match: "\n" * match.group().count("\n"), text)
    text = _CODE.sub(lambda match: "`x`" + "\n" * match.group().count("\n"), text)
    return _LINK.sub(
        lambda match: f"«{match.group(1)}»" + "\n" * match.group()[len(match[1]) + 2 :].count("\n"), text
    )


def paragraphs(text: str, item: re.Pattern[str] = _ITEM) -> Iterator[tuple[int, str, bool]]:
    """Yield the line, the text and whether it is a cell or a heading, of each paragraph, item and cell."""
    first, lines = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        alone = line.startswith(("#", "|", ">"))
        if lines and (not line.strip() or alone or item.match(line)):
            yield first, _BLANKS.sub(" ", " ".join(lines)).strip(), False
            lines = []
        if alone:
            for cell in line.strip("#|> ").split(" | "):
                yield number, cell.strip(), True
        elif line.strip():
            first = first if lines else number
            lines.append(item.sub("", line))


def findings(
    text: str,
    where: str,
    *,
    figures: bool = False,
    beginnings: bool = True,
    item: re.Pattern[str] = _ITEM,
) -> Iterator[str]:
    """Yield what is odd in a text of Markdown.

    Args:
        text: The page.
        where: Its name, for the findings.
        figures: Whether microseconds may be named there.
        beginnings: Whether to judge how sentences begin.
        item: The beginning of a line that begins a paragraph.
    """
    rules = _RULES if figures else [*_RULES, _MICROSECONDS]
    for line, paragraph, alone in paragraphs(plain(text), item):
        for pattern, instead in rules:
            for match in pattern.finditer(paragraph):
                near = paragraph[max(0, match.start() - 30) : match.start() + 40]
                yield f"{where}:{line}: {match.group()!r}, write: {instead} (…{near}…)"
        if alone:
            continue
        for sentence in _END.split(paragraph):
            words = len(re.findall(r"[\w`«»'-]+", sentence))
            if words > MOST_WORDS:
                yield f"{where}:{line}: a sentence of {words} words: {sentence[:80]}"
            for pattern, instead in _BEGINNINGS if beginnings else ():
                if pattern.match(sentence.replace("*", "")):
                    yield f"{where}:{line}: {sentence[:60]!r}, write: {instead}"


def findings_of_docstring(text: str, where: str) -> Iterator[str]:
    """Yield what is odd in a docstring: words, and sentences that are too long. Examples are left out.

    The meaning of an argument begins like "What happens if" or "Whether", so beginnings are not judged.
    """
    text = _EXAMPLE.sub(lambda match: "\n" * match.group().count("\n"), text)
    text = _VALUE.sub("`x`", _TREE.sub("", text))
    yield from findings(text, where, beginnings=False, item=_ENTRY)
