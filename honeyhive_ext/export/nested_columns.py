"""Typed columns of values inside objects, next to the columns of JSON text. Pure.

    columns = column *( "," column )
    column  = path [ ":" type ]
    path    = keys joined by dots, as `column_name` writes them: metadata.usage."prompt_details.cache_read"
    type    = "string" | "number" | "integer" | "boolean" | "json"

A key with a dot, a colon, a comma or a quotation mark is written in quotes, as a string of JSON. Where the
path is the key of a mapping, only a dot and a quotation mark need them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn, TypeAlias, cast, get_args

from attrs import evolve, frozen

from honeyhive_ext.config.checks import did_you_mean, is_one_of, lone_surrogate
from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.flatten import column_name, common_kind, kind_of
from honeyhive_ext.export.table import ADDITIONAL, EXTRA_COLUMNS, Kind, properties
from honeyhive_ext.filters.condition import Filter
from honeyhive_ext.search.pages.page import Ask, Page
from honeyhive_ext.search.pages.rows import content_of, read_rows
from honeyhive_ext.search.query import Query

NestedColumns: TypeAlias = str | Collection[str] | Mapping[str, Kind | None]

KINDS: tuple[Kind, ...] = get_args(Kind)
SAMPLE = 100  # events that decide the type of a column

_ONE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,])*', re.DOTALL)
_BARE = re.compile(r'[^".:]*', re.DOTALL)
_BARE_ALONE = re.compile(r'[^".]*', re.DOTALL)
_get: Callable[[Any, str], Any] = cast("Any", dict).get


@frozen
class NestedColumn:
    """A column of one value inside an object.

    Attributes:
        path: The keys from the outermost to the innermost. The first is the name of a column of JSON text.
        kind: The type of its cells; None if it is not decided yet.
    """

    path: tuple[str, ...]
    kind: Kind | None = None

    @property
    def name(self) -> str:
        """The name of the column, which is its path."""
        return column_name(*self.path)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that lead to the value in an event."""
        return self.path[1:] if self.path[0] == ADDITIONAL else self.path

    def values(self, events: Sequence[Any]) -> list[Any]:
        """Return the value that each event has; None for an event without it.

        >>> NestedColumn(("metadata", "cost")).values([{"metadata": {"cost": 1}}, {"metadata": 5}, None])
        [1, None, None]
        """
        found: Sequence[Any] = events
        for key in self.keys:
            found = [_get(one, key) if type(one) is dict else None for one in found]
        return [*found]

    def text(self) -> str:
        """Return the column as text, which `read_columns` reads.

        >>> NestedColumn(("metadata", "a:b"), "number").text()
        'metadata."a:b":number'
        """
        keys = [json.dumps(key) if _needs_quotes(key) else key for key in self.path]
        return ".".join(keys) + ("" if self.kind is None else f":{self.kind}")


def read_columns(given: NestedColumns) -> tuple[NestedColumn, ...]:
    """Return the columns that somebody asks for.

    Args:
        given: Names, each with or without a type; a mapping from names to types (None for no type); or one
            text with commas between the columns.

    Raises:
        ConfigError: A column is mistyped, cannot exist, is there already or was named before.

    >>> read_columns("metadata.cost:number, metrics.accuracy")[0]
    NestedColumn(path=('metadata', 'cost'), kind='number')
    >>> read_columns({"metadata.cost": "number"}) == read_columns(["metadata.cost:number"])
    True
    """
    columns = tuple(_read(given))
    names: set[str] = set()
    for column in columns:
        if column.name in names:
            raise ConfigError(f"columns: {column.name!r} is there twice: name it once")
        names.add(column.name)
    return columns


def decided(columns: Sequence[NestedColumn], query: Query) -> Generator[Ask, Page, tuple[NestedColumn, ...]]:
    """Ask for the newest events that have each column without a type, and return the columns with types.

    The type is one that holds all of these values. It is "string" if no event has the column.
    """
    made: list[NestedColumn] = []
    for column in columns:
        kind = column.kind
        if kind is None:
            page = yield _sample(column, query)
            kind = _kind_in(page, column)
        made.append(evolve(column, kind=kind))
    return tuple(made)


def undecided(columns: Sequence[NestedColumn]) -> bool:
    """Return whether a column has no type yet."""
    return any(column.kind is None for column in columns)


def _sample(column: NestedColumn, query: Query) -> Ask:
    at = query.position()
    has_it = Filter(column.keys, "exists").to_dict()
    return Ask(at.lo, at.hi, min(query.page_size, SAMPLE), extra=(has_it,))


def _kind_in(page: Page, column: NestedColumn) -> Kind:
    found = column.values([content_of(row) for row in read_rows(page.events)])
    values = [value for value in found if value is not None]
    return common_kind({*map(kind_of, values)}, values) if values else "string"


def _read(given: object) -> Iterator[NestedColumn]:
    if isinstance(given, str):
        for part in _parts(given):
            yield _column(part)
    elif isinstance(given, Mapping):
        for path, kind in cast("Mapping[object, object]", given).items():
            text = _text(path)
            keys, end = _keys(text, _BARE_ALONE)
            if end < len(text):
                _fail(text, f"put the key with {text[end]!r} in quotes")
            yield _checked(text, keys, kind)
    elif isinstance(given, Collection):
        for one in cast("Collection[object]", given):
            yield _column(_text(one))
    else:
        raise ConfigError(
            f'columns is {repr_of(given)}: give names such as ["metadata.cost"], or a dict of names and types'
        )


def _parts(text: str) -> Iterator[str]:
    at = 0
    while at <= len(text):
        part = _ONE.match(text, at)
        yield part[0].strip() if part else ""
        at = (part.end() if part else at) + 1


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise ConfigError(f"columns: {repr_of(given)} is not the name of a column")
    return given


def _column(text: str) -> NestedColumn:
    keys, end = _keys(text, _BARE)
    if end == len(text):
        return _checked(text, keys, None)
    if text[end] != ":":
        _fail(text, f"put the key with {text[end]!r} in quotes")
    return _checked(text, keys, text[end + 1 :].strip())


def _keys(text: str, bare: re.Pattern[str]) -> tuple[tuple[str, ...], int]:
    """Return the keys at the beginning of a text, and where they end."""
    keys: list[str] = []
    at = -1
    while not keys or text[at : at + 1] == ".":
        at += 1
        if text[at : at + 1] == '"':
            try:
                key, at = json.JSONDecoder().raw_decode(text, at)
            except ValueError:
                _fail(text, "a key in quotes is a string of JSON, with \\ before a quotation mark inside")
        else:
            found = bare.match(text, at)
            key = found[0] if found else ""
            at += len(key)
            if bare is _BARE and text[at : at + 1] == ":":
                key = key.rstrip()
            if not key:
                _fail(text, 'a key is missing; an empty key is ""')
        keys.append(key)
    return tuple(keys), at


def _checked(text: str, path: tuple[str, ...], kind: object) -> NestedColumn:
    if kind is not None and not is_one_of(kind, KINDS):
        near = did_you_mean(kind, KINDS) if isinstance(kind, str) else None
        hint = f"did you mean {near!r}?" if near else f"there are {', '.join(KINDS)}"
        quotes = " (a key with a colon is in quotes)" if text.count(":") else ""
        _fail(text, f"there is no type {repr_of(kind)}: {hint}{quotes}")
    names, parents = _names(), _parents()
    first, *rest = path
    if first in parents and not rest:
        _fail(text, f"it is a column already, of JSON text: name a value inside, such as {first}.cost")
    if first in names and first not in parents:
        _fail(text, "it is a column already" if not rest else f"{first} has no values inside")
    if first not in parents:
        near = did_you_mean(first, parents)
        instead = column_name(near or "metadata", *(rest if near else path))
        hint = f"did you mean {instead!r}?" if near else f"write the whole path, such as {instead!r}"
        _fail(text, f"{first!r} is not a column with values inside: {hint}")
    if first == ADDITIONAL and rest[0] in names and rest[0] not in EXTRA_COLUMNS:
        _fail(text, f"{rest[0]} is a property of its own: leave out {ADDITIONAL}")
    if kind is None and any(map(lone_surrogate, path)):
        _fail(text, "the service cannot be asked for a lone surrogate: give a type")
    return NestedColumn(path, cast("Kind | None", kind))


@cache
def _names() -> frozenset[str]:
    return frozenset({*(column.name for column in properties()), *EXTRA_COLUMNS})


@cache
def _parents() -> tuple[str, ...]:
    """Return the columns of objects, with values inside."""
    return (*(column.name for column in properties() if column.is_object), ADDITIONAL)


def _needs_quotes(key: str) -> bool:
    return not key or key != key.strip() or bool({*key} & {*'".:,'}) or lone_surrogate(key) is not None


def _fail(text: str, reason: str) -> NoReturn:
    raise ConfigError(f"columns: {text!r}: {reason}")
