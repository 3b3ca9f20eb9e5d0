"""Conditions as text: `metadata.cost > 0.5 and event_type == model`. Pure.

    conditions  = condition *( "and" condition )
    condition   = field operator [ value ] [ "as" type ]
    field       = a path such as metadata.cost; in quotes if it has other characters, or no known first name
    operator    = one of the API's, such as "is not" or "greater than", or one of the signs == != > <
    value       = a word, a number, true, false, null, a time, a duration, or any text in quotes

Parentheses may enclose conditions, and `&` means `and`. This file finds the parts of the text and says what
is wrong with it; `written.py` makes the filters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NoReturn

from attrs import frozen
from honeyhive_client.models.filter_operator import FILTER_OPERATOR_VALUES
from honeyhive_client.models.filter_type import FILTER_TYPE_VALUES

from honeyhive_ext.config.checks import did_you_mean
from honeyhive_ext.filters.text_reader import QUOTES, TextPlace, TextReader, quoted_text

WITHOUT_VALUE = ("exists", "not exists")
UNTYPED = "any"  # `as any`: the request states no type
SIGNS = {"==": "is", "=": "is", "!=": "is not", "<>": "is not", ">": "greater than", "<": "less than"}
KEYWORDS = frozenset({"and", "or", "not", "as", "with"})

_OPERATORS = sorted(FILTER_OPERATOR_VALUES, key=len, reverse=True)  # "is not" before "is"
_CURLY = "\u201c\u201d\u2018\u2019`"  # quotation marks that word processors write
_IN_CURLY = re.compile(rf"[{_CURLY}]([^{_CURLY}]*)[{_CURLY}]")
_FIELD = re.compile(rf"[^\s\"'()<>=!~&|,;{_CURLY}]+")
_VALUE = re.compile(rf"[^\s\"'()&|,;{_CURLY}]+")
_SIGN = re.compile(r"[<>=!~]+")
_NEXT_CONDITION = re.compile(rf"\s+(?:and|or)\s|\s*(?:[)&|,;\"'{_CURLY}]|$)", re.IGNORECASE)
_ALONE = "run one search for each and merge the results by event_id"
_INSTEAD = {
    "equals": "is", "equal": "is", "eq": "is", "ne": "is not", "gt": "greater than", "lt": "less than",
    "above": "greater than", "below": "less than", "since": "after", "until": "before", "like": "contains",
    "ilike": "contains", "matches": "contains", "has": "contains", "includes": "contains", "~": "contains",
    "=~": "contains", "!~": "not contains", "===": "==", "!==": "!=", "missing": "not exists",
}  # fmt: skip
_NEAREST = {">=": (">", "lower"), "=>": (">", "lower"), "<=": ("<", "higher"), "=<": ("<", "higher")}


@frozen
class Literal:
    """A field or a value as it was written.

    Args:
        text: The text, without quotes and escapes.
        place: Where it is, with its quotes.
        quoted: Whether it is in quotes, or a part of it.
        exact: Whether `with` is before it: then the operator does not change how it is read.
    """

    text: str
    place: TextPlace
    quoted: bool = False
    exact: bool = False


@frozen
class Clause:
    """One condition as it was written.

    Args:
        field: The field.
        operator: The API's operator.
        sign: Whether the operator was written as a sign.
        value: The value; None if there is none.
        type: The type after `as`; None if there is none.
        place: Where the condition is.
    """

    field: Literal
    operator: str
    sign: bool
    value: Literal | None
    type: str | None
    place: TextPlace


def clauses(text: str) -> Iterator[Clause]:
    """Yield the conditions of a text.

    Raises:
        FilterTextError: The text is not written by this grammar.
    """
    reader = TextReader(text)
    opened: list[int] = []
    reader.blanks()
    while not reader.ended:
        while reader.peek() == "(":
            opened.append(reader.at)
            reader.take_sign("(")
        clause = _clause(reader)
        yield clause
        while reader.peek() == ")":
            if not opened:
                reader.fail("there is no ( for this )", TextPlace(reader.at, 1), "")
            opened.pop()
            reader.take_sign(")")
        if not reader.ended:
            _join(reader, clause)
    if opened:
        reader.fail("the ) for this ( is missing", TextPlace(opened[-1], 1), "")


def _clause(reader: TextReader) -> Clause:
    begun = reader.at
    field = _field(reader)
    operator, sign = _operator(reader, field)
    value = None
    exact = reader.take_words("with")
    if exact or operator not in WITHOUT_VALUE:
        value = _value(reader, operator, exact=exact)
    kind = _type(reader) if reader.take_words("as") else None
    return Clause(field, operator, sign, value, kind, reader.since(begun))


def _field(reader: TextReader) -> Literal:
    begun, word = reader.at, reader.word()
    if word in ("not", "and", "or"):
        reason = (
            "the API has no NOT before a condition: write is not, not contains or not exists after the field"
            if word == "not"
            else f"a condition is missing before {word}"
        )
        reader.fail(reason, TextPlace(begun, len(word)))
    parts: list[str] = []
    quoted = False
    while True:
        if reader.peek() in QUOTES and not reader.ended:
            parts.append(reader.quoted())
            quoted = True
        elif part := reader.take(_FIELD):
            parts.append(part)
        else:
            break
    place = reader.since(begun)
    name = "".join(parts)
    if not name:
        _unexpected(reader, "a field such as metadata.cost", place)
    if not quoted and (name == "F" or name.startswith("F.")):
        reader.fail("in a text, a field is its path alone, such as metadata.cost", place, name[2:] or None)
    reader.blanks()
    return Literal(name, place, quoted)


def _no_operator(reader: TextReader, field: Literal) -> NoReturn:
    begun, word = reader.at, reader.word()
    known = ", ".join(["==", "!=", ">", "<", *sorted(_OPERATORS)])
    if reader.ended or word == "and" or reader.peek() == ")":
        reader.fail(f"an operator is missing after {field.text[:100]}: write one of {known}", field.place)
    if word in ("in", "between"):
        instead = _ALONE if word == "in" else "write > and < and the two bounds, joined by and"
        reader.fail(f"the API has no {word}: {instead}", TextPlace(begun, len(word)))
    found = reader.take(_VALUE) or reader.peek()
    near = _INSTEAD.get(found.lower()) or did_you_mean(found[:100], _OPERATORS)
    hint = f"did you mean {near}?" if near else f"write one of {known}"
    reader.fail(f"there is no operator {found[:100]!r}: {hint}", TextPlace(begun, len(found)), near)


def _operator(reader: TextReader, field: Literal) -> tuple[str, bool]:
    """Return the operator, and whether it is a sign."""
    begun = reader.at
    sign = reader.take(_SIGN)
    if sign in SIGNS:
        reader.blanks()
        return SIGNS[sign], True
    if sign:
        _unknown_sign(reader, sign, begun)
    for operator in _OPERATORS:
        if reader.take_words(*operator.split()):
            return operator, False
    _no_operator(reader, field)


def _unknown_sign(reader: TextReader, sign: str, begun: int) -> NoReturn:
    if sign in _NEAREST:
        _no_or_equal(reader, sign, begun)
    if sign in ("!", "~", "!~", "=~", "===", "!=="):
        reader.fail(f"the API has no {sign}", TextPlace(begun, len(sign)), _INSTEAD.get(sign))
    reader.fail(f"there is no operator {sign[:100]}: write ==, !=, > or <", TextPlace(begun, len(sign)))


def _no_or_equal(reader: TextReader, sign: str, begun: int) -> NoReturn:
    """Say what to write instead of >= and <=."""
    strict, towards = _NEAREST[sign]
    reader.blanks()
    number = reader.take(_VALUE)
    if re.fullmatch(r"-?\d{1,18}", number, re.ASCII):
        instead = f"{strict} {int(number) + (1 if strict == '<' else -1)}"
        reason = f"for whole numbers write {instead}"
        reader.fail(f"the API has no {sign}: {reason}", reader.since(begun), instead)
    reader.fail(
        f"the API has no {sign}: write {strict} and a slightly {towards} value", TextPlace(begun, len(sign))
    )


def _value(reader: TextReader, operator: str, *, exact: bool) -> Literal:
    begun = reader.at
    if not reader.ended and reader.peek() in QUOTES:
        text = reader.quoted()
        literal = Literal(text, reader.since(begun), quoted=True, exact=exact)
        reader.blanks()
        return literal
    text = reader.take(_VALUE)
    place = reader.since(begun)
    if not text:
        _unexpected(reader, f"a value after {operator}", place)
    if text[0] in "<>=!~":
        reader.fail("two operators follow each other: put the value in quotes", place)
    if text.lower() in KEYWORDS:
        reader.fail(f"a value is missing before {text}: put the word in quotes if it is the value", place)
    reader.blanks()
    if operator in ("after", "before"):
        reader.take_words("ago")  # 24h ago
    return Literal(text, place, exact=exact)


def _type(reader: TextReader) -> str:
    begun, word = reader.at, reader.word()
    known = [*sorted(FILTER_TYPE_VALUES), UNTYPED]
    if word not in known:
        found = reader.take(_VALUE)
        near = did_you_mean(found[:100], known)
        reader.fail(f"the type after as is one of {', '.join(known)}", TextPlace(begun, len(found)), near)
    reader.take_words(word)
    return word


def _join(reader: TextReader, last: Clause) -> None:
    """Take what joins two conditions."""
    begun, word = reader.at, reader.word()
    if reader.take_words("and") or reader.take_sign("&&", "&"):
        if reader.ended:
            reader.fail("a condition is missing after and", reader.since(begun), "")
        return
    if word == "or" or reader.peek() == "|":
        sign = "or" if word == "or" else "||" if reader.text.startswith("||", begun) else "|"
        reader.fail(f"the API joins filters by AND only: {_ALONE}", TextPlace(begun, len(sign)))
    if reader.peek() in (",", ";"):
        following = reader.text[begun + 1 : begun + 2]
        if last.value is not None and last.value.text[-1:].isdecimal() and following.isdecimal():
            reader.fail("numbers are written without commas", TextPlace(begun, 1), "")
        instead = " and" if following.isspace() else " and "
        reader.fail("conditions are joined by and", TextPlace(begun, 1), instead)
    if last.value is not None and not last.value.quoted and last.type is None:
        start = last.value.place.position
        end = _NEXT_CONDITION.search(reader.text, begun)
        words = reader.text[start : end.start() if end else len(reader.text)]
        reader.fail("a value of several words is in quotes", TextPlace(start, len(words)), quoted_text(words))
    found = reader.take(_FIELD) or reader.peek()
    reader.fail("conditions are joined by and", TextPlace(begun, len(found)), f"and {found}")


def _unexpected(reader: TextReader, expected: str, place: TextPlace) -> NoReturn:
    char = reader.peek()
    if not char:
        reader.fail(f"{expected} is missing at the end", TextPlace(reader.at, 0))
    if char in _CURLY:
        whole = _IN_CURLY.match(reader.text, reader.at)
        instead = '"' if whole is None else quoted_text(whole[1])
        place = TextPlace(reader.at, 1 if whole is None else len(whole[0]))
        reader.fail(f'{char} is no quotation mark here: write "', place, instead)
    reader.fail(f"{expected} is expected, not {char}", TextPlace(reader.at, 1))
