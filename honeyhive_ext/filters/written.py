"""What the parts of a written condition mean, and a condition as text. Pure.

Fields and values in quotes are taken as they are. Without quotes, a field begins with a name that events
have, and a value is read by its form: `5` is a number, `true` a boolean, `24h` a duration.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import NoReturn

from attrs import frozen

from honeyhive_ext.config.checks import did_you_mean
from honeyhive_ext.errors import QueryError
from honeyhive_ext.filters.grammar import KEYWORDS, UNTYPED, WITHOUT_VALUE, Clause, Literal, clauses
from honeyhive_ext.filters.text_reader import FilterTextError, TextPlace, quoted_text
from honeyhive_ext.filters.time_text import DURATIONS, clock_change, duration_of, time_of_text
from honeyhive_ext.filters.values import (
    EPOCH,
    NUMBER_ORDER,
    OUT_OF_RANGE,
    TIME_ORDER,
    UNIX_MS,
    WireValue,
    event_fields,
    first_names,
    is_iso_time,
    iso_utc,
    resolved,
)
from honeyhive_ext.filters.warnings import Comparison, is_known

_NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d*|(?=\.\d))(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
_LITERALS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SAFE_FIELD = re.compile(r"[A-Za-z_$@][\w$@.\-/:]*", re.ASCII)
_SAFE_VALUE = re.compile(r"[A-Za-z_][\w.\-/]*", re.ASCII)
_SIGN_OF = {"is": "==", "is not": "!=", "greater than": ">", "less than": "<"}
_TIME_HINT = f"write a time with its zone, such as 2026-01-02T09:00:00Z, or {DURATIONS}, for a time ago"


@frozen
class Written:
    """One condition of a text, not yet a filter.

    Args:
        field: The dotted path.
        operator: The API's operator.
        value: The value.
        type: The API's type; None for that of the value; "any" for none.
        text: The whole text.
        place: Where the value is, or the condition if it has none.
    """

    field: str
    operator: str
    value: object
    type: str | None
    text: str
    place: TextPlace

    def refused(self, problem: QueryError) -> FilterTextError:
        """Return the error of a value that no filter can hold."""
        return FilterTextError(str(problem), self.text, self.place.position, self.place.length)


def written(text: str, known: Collection[str], now_ms: float) -> Iterator[Written]:
    """Yield the conditions of a text.

    Args:
        text: The conditions.
        known: Paths that events have, besides the fields of the API document.
        now_ms: The present in Unix ms, for times such as 24h ago.

    Raises:
        FilterTextError: The text is not written by the grammar, or a field or a time in it is unknown.
    """
    for clause in clauses(text):
        _check_field(clause.field, text, known)
        operator, value, kind = _meaning(clause, text, now_ms)
        place = clause.place if clause.value is None else clause.value.place
        yield Written(clause.field.text, operator, value, kind, text, place)


def _check_field(field: Literal, text: str, known: Collection[str]) -> None:
    root, _, rest = field.text.partition(".")
    if field.quoted or root in first_names():
        return
    if is_known(field.text, known):
        return
    tail = f".{field.text}"
    whole = sorted((one for one in known if one.endswith(tail)), key=len)
    near = did_you_mean(root[:100], event_fields(), cutoff=0.7)
    if whole:
        instead = whole[0]
    elif near:
        instead = f"{near}.{rest}" if rest else near
    else:
        instead = did_you_mean(field.text[:100], known) or f"metadata{tail}"
    reason = (
        f"events have no field {root[:100]!r}: write {instead[:120]}, or put the name in quotes if they do"
    )
    raise FilterTextError(reason, text, field.place.position, field.place.length, instead)


def _meaning(clause: Clause, text: str, now_ms: float) -> tuple[str, object, str | None]:
    """Return the operator, the value and the type of a condition."""
    operator, given = clause.operator, clause.value
    if given is None or given.quoted:
        return operator, None if given is None else given.text, clause.type
    word = given.text
    if given.exact:
        return operator, _literal(word), clause.type
    if operator.endswith("contains"):
        return operator, word, clause.type
    duration = duration_of(word)
    found = time_of_text(word) if _DATE.match(word) else None
    when = None if found is None else found.time
    path = clause.field.text
    if operator in TIME_ORDER or (operator in NUMBER_ORDER and path in UNIX_MS):
        if operator in NUMBER_ORDER and duration is not None:
            instead = _time_order(operator)
            _fail(f"a time is compared by after and before: write {path} {instead} {word}", clause, text)
        if when is not None and when.utcoffset() is None:
            instead = word + ("T00:00:00Z" if len(word) == 10 else "Z")
            _fail(f"the time has no zone: write {instead} for UTC, or another offset", clause, text, instead)
        if duration is not None:
            return operator, _ago(duration, now_ms, clause, text), "datetime"
        if when is None and (operator in TIME_ORDER and not _NUMBER.fullmatch(word)):
            _fail(f"{word[:40]} is not a time: {_TIME_HINT}", clause, text)
    if found is not None and when is not None and when.utcoffset() is not None:
        if doubt := clock_change(found):
            _fail(f"the time {doubt}", clause, text)
        iso = word if is_iso_time(word) else iso_utc(when)
        return _time_order(operator), iso, clause.type or "datetime"
    if duration is not None and (operator in NUMBER_ORDER or path == "duration"):
        return operator, _milliseconds(duration), clause.type
    value = _literal(word)
    if type(value) is int and abs(value) >= OUT_OF_RANGE:
        _fail("the number does not fit in 64 bits: put it in quotes", clause, text, quoted_text(word))
    if value is None and clause.sign and clause.type is None and operator in ("is", "is not"):
        return {"is": "not exists", "is not": "exists"}[operator], None, None  # as `F` has it
    return operator, value, clause.type


def _fail(reason: str, clause: Clause, text: str, suggestion: str | None = None) -> NoReturn:
    place = (clause.value or clause.field).place
    raise FilterTextError(reason, text, place.position, place.length, suggestion)


def _time_order(operator: str) -> str:
    """Return the operator for times: the API has its own."""
    return {"greater than": "after", "less than": "before"}.get(operator, operator)


def _ago(duration: timedelta, now_ms: float, clause: Clause, text: str) -> str:
    try:
        return iso_utc(EPOCH + timedelta(milliseconds=round(now_ms)) - duration)
    except OverflowError:
        _fail("that is before the year 1", clause, text)


def _milliseconds(duration: timedelta) -> float:
    number = duration / timedelta(milliseconds=1)
    return int(number) if number.is_integer() else number


def _literal(word: str) -> WireValue:
    """Return the value of a word without quotes."""
    if word.lower() in _LITERALS:
        return _LITERALS[word.lower()]
    if not _NUMBER.fullmatch(word):
        return word
    if set(word) & set(".eE"):
        return float(word)
    return int(word) if len(word) < 30 else OUT_OF_RANGE  # Python refuses to read very long ones


def text_of_all(filters: Iterable[Comparison]) -> str:
    """Return conditions as text, joined by `and`."""
    return " and ".join(map(_text_of, filters))


def _text_of(one: Comparison) -> str:
    """Return the shortest text that is read as this condition."""
    known = one.field.partition(".")[0] in first_names()
    safe = known and _SAFE_FIELD.fullmatch(one.field) and one.field.lower() not in KEYWORDS
    field = one.field if safe else quoted_text(one.field)
    kinds = ("", f" as {one.type or UNTYPED}")
    sign = f"{field} {_SIGN_OF.get(one.operator, one.operator)}"
    for kind in kinds:
        for start in (sign, f"{field} {one.operator}"):
            for value in _value_texts(one):
                text = f"{start}{value}{kind}"
                if _reads_as(text, one):
                    return text
    return f"{field} {one.operator} with {_plain_text(one.value)} as {one.type or UNTYPED}"


def _value_texts(one: Comparison) -> Iterator[str]:
    if one.value is None and one.operator in WITHOUT_VALUE:
        yield ""
    elif isinstance(one.value, str):
        if _SAFE_VALUE.fullmatch(one.value) or one.type == "datetime":
            yield f" {one.value}"
        yield f" {quoted_text(one.value)}"
    else:
        yield f" {_plain_text(one.value)}"


def _plain_text(value: WireValue) -> str:
    if isinstance(value, str):
        return quoted_text(value)
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)


def _reads_as(text: str, one: Comparison) -> bool:
    try:
        found = list(written(text, (), 0))
        value, kind = resolved((one.field,), found[0].operator, found[0].value, found[0].type)
    except QueryError:
        return False
    kind = None if kind == UNTYPED else kind
    same = (value, isinstance(value, bool), kind) == (one.value, isinstance(one.value, bool), one.type)
    return len(found) == 1 and same and (found[0].field, found[0].operator) == (one.field, one.operator)
