"""What the names of a span's attributes mean, decided once for all spans that have the same names.

An instrumentor writes the same names on every call. So where each attribute goes is looked up, not decided
again: that is most of the cost of a span. What depends on a value stays with `buckets`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from honeyhive_ext.otlp import messages
from honeyhive_ext.otlp.registry import (
    BUCKETS,
    GIVEN,
    JSON_METADATA,
    OWN,
    PARAMETERS,
    ROWS,
    SAYS_WHAT,
    AttributeRow,
    is_steering,
)

MOST_SHAPES = 1_000  # that are remembered
MOST_NAMES, MOST_CHARACTERS = 200, 20_000  # of a shape that is remembered

_ROWS: dict[str, list[tuple[int, AttributeRow]]] = {}
for _place, _row in enumerate(ROWS):
    _ROWS.setdefault(_row.source, []).append((_place, _row))
_PREFIXES = tuple((f"honeyhive_{bucket}.", bucket) for bucket in BUCKETS)
_WHOLE = {f"honeyhive_{bucket}": bucket for bucket in BUCKETS}
_INSTRUMENTORS = (
    ("openinference.", "openinference"),
    ("llm.input_messages.", "openinference"),
    ("traceloop.span.", "traceloop"),
    ("traceloop.entity.", "traceloop"),
    ("langfuse.observation.", "langfuse"),
    ("honeyhive_", "honeyhive"),
    ("gen_ai.", "standardgenai"),
    ("llm.", "openinference"),
)


@frozen
class Shape:
    """Where the attributes with these names go.

    Attributes:
        flattened: The buckets that the honeyhive tracers fill: each with its name, the attribute that holds
            all of it, and the attributes of its parts with their names inside.
        json_metadata: The attributes with a JSON text for `metadata`, each with its key there.
        rows: The rows of the registry whose source is there, in their order: source, bucket, name, how, keys.
        asked: The attributes with messages to a model.
        answered: The attributes with messages of a model.
        parameters: The attributes with the parameters of a call of a model.
        given: The attributes with what a step got and gave where it is no chat.
        plain: The attributes that are kept under their own name.
        unless: Those that are kept under their own name unless they were used otherwise.
        says_what: The attributes that say what the span is, the first that is there counts.
        instrumentor: Which library made the span, by the names of its attributes.
    """

    flattened: tuple[tuple[str, str | None, tuple[tuple[str, str], ...]], ...]
    json_metadata: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, str, str, tuple[str, ...]], ...]
    asked: frozenset[str]
    answered: frozenset[str]
    parameters: tuple[str, ...]
    given: frozenset[str]
    plain: tuple[str, ...]
    unless: tuple[str, ...]
    says_what: tuple[str, ...]
    instrumentor: str


_known: dict[tuple[str, ...], Shape] = {}


def shape_of(attributes: Mapping[str, Any]) -> Shape:
    """Return the shape of these attributes."""
    names = tuple(attributes)
    known = _known.get(names)
    if known is not None:
        return known
    made = _made(names)
    if len(names) <= MOST_NAMES and sum(map(len, names)) <= MOST_CHARACTERS:
        if len(_known) >= MOST_SHAPES:
            _known.clear()
        _known[names] = made
    return made


def _made(names: tuple[str, ...]) -> Shape:
    parts: dict[str, list[tuple[str, str]]] = {}
    whole: dict[str, str] = {}
    rows: list[tuple[int, AttributeRow]] = []
    said: list[tuple[str, str]] = []
    plain: list[str] = []
    unless: list[str] = []
    for name in names:
        found = _ROWS.get(name)
        bucket = next((bucket for prefix, bucket in _PREFIXES if name.startswith(prefix)), None)
        if bucket is not None:
            parts.setdefault(bucket, []).append((name, name[len(bucket) + 11 :]))
        elif name in _WHOLE:
            whole[_WHOLE[name]] = name
            unless.append(name)
        elif found is not None:
            rows += found
        elif name in OWN or is_steering(name):
            pass
        elif name in _DEPENDING or name.startswith(_CHAT):
            unless.append(name)
        elif name.startswith(JSON_METADATA):
            said.append((name, name.partition(".metadata.")[2]))
            unless.append(name)
        else:
            plain.append(name)
    rows.sort(key=lambda placed: placed[0])
    return Shape(
        flattened=tuple(
            (bucket, whole.get(bucket), tuple(parts.get(bucket, ())))
            for bucket in BUCKETS
            if bucket in parts or bucket in whole
        ),
        json_metadata=tuple(sorted(said, key=lambda one: one[0].startswith(JSON_METADATA[0]))),
        rows=tuple((row.source, *row.place, row.how, row.keys) for _, row in rows),
        asked=_those(names, messages.INPUT_NAMES, messages.INPUT_PREFIXES),
        answered=_those(names, messages.OUTPUT_NAMES, messages.OUTPUT_PREFIXES),
        parameters=tuple(name for name in PARAMETERS if name in names),
        given=GIVEN & frozenset(names),
        plain=tuple(plain),
        unless=tuple(unless),
        says_what=tuple(name for name in SAYS_WHAT if name in names),
        instrumentor=next(
            (said for prefix, said in _INSTRUMENTORS if any(name.startswith(prefix) for name in names)),
            "unknown",
        ),
    )


_DEPENDING = GIVEN | {*messages.INPUT_NAMES, *messages.OUTPUT_NAMES, *PARAMETERS}
_CHAT = (*messages.INPUT_PREFIXES, *messages.OUTPUT_PREFIXES)


def _those(names: Iterable[str], exact: tuple[str, ...], prefixes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name for name in names if name in exact or name.startswith(prefixes))
