"""What an event holds as HTML, opened level by level, within a bound that is said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from honeyhive_ext.views.drawing import SHOWN, error_text, length_of, title_of, usage_parts
from honeyhive_ext.views.formats import count_text
from honeyhive_ext.views.markup import escaped, escaped_lines, fragment, note, span
from honeyhive_ext.views.usage import EventFields, error_of, shown_of, when

LONGEST = 5_000  # characters of one text
ITEMS = 100  # of one object or list
LEVELS = 8  # of objects and lists within one another

_PARTS = ("inputs", "outputs", "config", "metadata", "metrics", "feedback", "user_properties")
_ROW = ("event_type", "event_name", "start_time", "end_time", "duration")  # what a row shows
_IDS = ("session_id", "parent_id")  # what the place in a tree shows
_KINDS = ("session", "chain", "model", "tool")


class Budget:
    """How many characters of contents a page may still hold."""

    def __init__(self, characters: int) -> None:
        self.left = characters

    def cut(self, text: str) -> tuple[str, int]:
        """Return as much of a text as fits, and the number of characters that do not."""
        kept = text[: max(0, min(LONGEST, self.left))]
        self.left -= len(kept) + 40  # and some markup
        return kept, len(text) - len(kept)


def event_html(event: EventFields) -> str:
    """Return what a notebook shows of one event."""
    shown = shown_of(event)
    figures = [*usage_parts(shown), when(shown.start), length_of(event, shown)]
    head = f'<div class="hh-head {kind_class(event)}">{name_html(event)} '
    head += span("dim", " · ".join(filter(None, figures))) + "</div>"
    return fragment(head + error_html(event) + contents_html(event, Budget(200_000), ids=True))


def name_html(event: EventFields) -> str:
    """Return the type of an event in its colour, and its name."""
    kind, name = event.get("event_type"), event.get("event_name")
    if not (isinstance(kind, str) and kind):
        return f"<b>{escaped(title_of(event))}</b>"
    rest = title_of({"event_name": name}) if isinstance(name, str) and name else ""
    return f"{span('type', title_of({'event_type': kind}))} {escaped(rest)}"


def kind_class(event: EventFields) -> str:
    """Return the class that gives an event the colour of its type."""
    kind = event.get("event_type")
    return f"hh-{kind}" if kind in _KINDS else "hh-other"


def error_html(event: EventFields) -> str:
    """Return the error of an event as a marked line, or ""."""
    error = error_of(event)
    return "" if error is None else f'<span class="hh-bad">error: {escaped(error_text(error))}</span>'


def set_names(event: EventFields) -> list[str]:
    """Return the names of the fields that are set and that a row does not show; contents come first."""
    names = [*_PARTS, *(name for name in event if name not in (*_PARTS, *_ROW))]
    return [
        name
        for name in names
        if event.get(name) not in (None, "", {}, []) and (name != "error" or _is_cut(event[name]))
    ]


def _is_cut(error: object) -> bool:
    return not isinstance(error, str) or len(error) > SHOWN


def contents_html(event: EventFields, budget: Budget, *, ids: bool = False) -> str:
    """Return the fields of an event that are set; what the budget does not allow is counted.

    Args:
        event: The event as it came.
        budget: What the page may still hold.
        ids: Whether to show the ids of its session and its parent.
    """
    given = [(name, event[name]) for name in set_names(event) if ids or name not in _IDS]
    if budget.left <= 0:
        return note(f"{count_text(len(given), 'field')} not shown: the page is full")
    return "".join(_pairs(given, budget, 0)) or note("nothing else is set")


def value_html(value: Any, budget: Budget, level: int = 0) -> str:
    """Return a value of JSON as HTML: objects and lists as what can be opened, messages as a chat."""
    if isinstance(value, str):
        kept, left = budget.cut(value)
        more = " " + span("dim", f"… {count_text(left, 'more character')}") if left else ""
        return f'<span class="hh-text">{escaped_lines(kept)}</span>{more}'
    if not isinstance(value, Mapping | list):
        kept, left = budget.cut(_word(value))
        return span("lit", kept + ("…" if left else ""))
    if level >= LEVELS or budget.left <= 0:
        return span("dim", f"… {_size(cast('Any', value))}")
    if isinstance(value, Mapping):
        return "".join(_pairs([*cast("EventFields", value).items()], budget, level))
    return "".join(_items(cast("Sequence[Any]", value), budget, level))


def _word(value: object) -> str:
    """Return a number, or a constant as JSON writes it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    try:
        return str(value)
    except ValueError:  # Python writes no integer of more than 4,300 digits
        return "an integer of thousands of digits"


def _is_message(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(cast("EventFields", value).get("role"), str)


def _size(value: Mapping[str, Any] | Sequence[Any]) -> str:
    return count_text(len(value), "key" if isinstance(value, Mapping) else "item")


def _pairs(pairs: Sequence[tuple[str, Any]], budget: Budget, level: int) -> Iterator[str]:
    for key, value in pairs[:ITEMS]:
        if budget.left <= 0:
            break
        kept, left = budget.cut(str(key))
        name = span("key", kept + ("…" if left else ""))
        if isinstance(value, Mapping | list) and value:
            yield _opened(name, cast("Any", value), budget, level)
        else:
            yield f"<div>{name} {value_html(value, budget, level + 1)}</div>"
    yield from _more(len(pairs), budget)


def _items(items: Sequence[Any], budget: Budget, level: int) -> Iterator[str]:
    for at, item in enumerate(items[:ITEMS]):
        if budget.left <= 0:
            break
        if _is_message(item):
            yield _message(cast("EventFields", item), budget, level)
        elif isinstance(item, Mapping | list) and item:
            yield _opened(span("key", str(at)), cast("Any", item), budget, level)
        else:
            yield f"<div>{span('key', str(at))} {value_html(item, budget, level + 1)}</div>"
    yield from _more(len(items), budget)


def _more(total: int, budget: Budget) -> Iterator[str]:
    if budget.left <= 0:
        yield note("… more is not shown: the page is full")
    elif total > ITEMS:
        yield note(f"{total - ITEMS:,} more")


def _opened(name: str, value: Mapping[str, Any] | list[Any], budget: Budget, level: int) -> str:
    inside = value_html(value, budget, level + 1)
    chat = isinstance(value, list) and _is_message(value[0])
    state = " open" if level == 0 or chat else ""
    summary = f"<summary>{name} {span('dim', _size(value))}</summary>"
    return f'<details{state}>{summary}<div class="hh-in">{inside}</div></details>'


def _message(message: EventFields, budget: Budget, level: int) -> str:
    """Return a message of a chat: the role, the text, and what else it has."""
    role, left = budget.cut(str(message["role"]))
    body = value_html(message["content"], budget, level + 1) if message.get("content") else ""
    rest = [(key, one) for key, one in message.items() if key not in ("role", "content") and one]
    more = "".join(_pairs(rest, budget, level + 1))
    return f'<div class="hh-say">{span("key", role + ("…" if left else ""))} {body}{more}</div>'
