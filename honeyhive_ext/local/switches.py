"""The behaviours of the service that are not documented, each with a default and a switch.

`Switches` is the one table. The constructor of `LocalServer`, the options of the command line,
`/_local/config` and the table in docs/local-server.md are all made from its fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, cast, get_args, get_type_hints

from attrs import asdict, evolve, field, fields, frozen

from honeyhive_ext.config.checks import did_you_mean, whole_number
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import ConfigError


def _switch(default: Any, question: str, meaning: str) -> Any:
    return field(default=default, metadata={"question": question, "meaning": meaning})


@never_raising
@frozen(kw_only=True)
class Switches:
    """One setting for each question that the service's documentation leaves open.

    >>> Switches().count
    'total'
    >>> Switches().changed({"count": "page"}).count
    'page'
    >>> Switches().changed({"cuont": "page"})
    Traceback (most recent call last):
    honeyhive_ext.ConfigError: there is no switch 'cuont'; did you mean count?
    """

    validation: Literal["strict", "lenient"] = _switch(
        "strict",
        "What happens to a body that violates its schema?",
        "strict answers 400 and lists every failing path; lenient stores the body and logs the violation",
    )
    count: Literal["total", "page"] = _switch(
        "total", "What is `count` in a search answer?", "the number of all matches, or of this page"
    )
    missing: Literal["matches", "exclude"] = _switch(
        "matches",
        "Do `is not` and `not contains` match an event without the field?",
        "matches or exclude; JSON null counts as missing",
    )
    filter_type: Literal["strict", "coerce"] = _switch(
        "strict",
        'What happens to a filter whose value is not of the type it names (number and "5")?',
        "strict answers 400; coerce converts the value where that is possible",
    )
    contains: Literal["strings", "ignore_case", "any"] = _switch(
        "strings",
        "What does `contains` look into?",
        "strings, case-sensitive; ignore_case: strings in any case; any: the JSON text of other values too",
    )
    lists: Literal["elements", "whole"] = _switch(
        "elements",
        'What does a filter compare with a list, such as metadata.tags == "a" with ["a", "b"]?',
        "elements: each value in the list; whole: nothing, so that only `exists` finds it",
    )
    ties: Literal["newest", "shuffled"] = _switch(
        "newest",
        "In which order are events with equal start_time?",
        "newest insertion first, or shuffled again at every request",
    )
    evaluation_id: Literal["any", "metadata.evaluation_id", "metadata.run_id", "top"] = _switch(
        "any",
        "Where does a search's evaluation_id look?",
        "any: metadata.evaluation_id, metadata.run_id, and both names at the top (top); or only one place",
    )
    repost: Literal["replace", "reject", "duplicate", "merge"] = _switch(
        "replace",
        "What happens if an event_id is posted again?",
        "replace the stored event, reject with 409, store a duplicate, or merge into the stored event",
    )
    update: Literal["shallow", "deep"] = _switch(
        "shallow",
        "How does an update merge objects?",
        "shallow: by top-level key, a null inside is stored; deep: objects inside are merged too",
    )
    update_answer: Literal["object", "empty"] = _switch(
        "object", "What is the body of an update's answer?", "200 with {}, or 200 with an empty body"
    )
    bad_event: Literal["refuse", "partial"] = _switch(
        "refuse",
        "What happens to a batch with a bad event?",
        "refuse: 400, and nothing is stored; partial: the rest is stored, and the answer is 500 with "
        "event_ids and errors",
    )
    visibility_delay: int = _switch(
        0, "When does search show a new event?", "milliseconds after it was stored; 0 for immediately"
    )
    max_body: int = _switch(
        50_000_000, "How large may a body be?", "bytes; a larger one is answered with 413"
    )
    limit: Literal["strict", "clamp"] = _switch(
        "strict",
        'What happens to a limit or page out of range, or sent as text (0, 1001, "10")?',
        "strict answers 400; clamp moves it into the range",
    )
    timestamps: Literal["kept", "rounded"] = _switch(
        "kept",
        "What happens to times finer than a millisecond?",
        "kept as they were sent, or rounded to whole milliseconds",
    )
    gzip: Literal["accept", "refuse"] = _switch(
        "accept",
        "What happens to a request body with Content-Encoding: gzip?",
        "accept it, or refuse it with 415",
    )
    max_batch: int = _switch(
        0,
        "How many events may a batch have?",
        "events; a larger batch is answered with 413; 0 for any number",
    )
    max_filters: int = _switch(
        1000, "How many filters may a search have?", "filters; more are answered with 400; 0 for any number"
    )
    max_read_ms: int = _switch(
        30_000,
        "How long may a search or another read take?",
        "milliseconds; a longer one is ended and answered with 400; 0 for any time",
    )
    otlp_session_id: Literal["derive", "refuse"] = _switch(
        "derive",
        "What happens to a span of OpenTelemetry whose session id is not a UUID?",
        "derive: the id stands for a UUID, always the same one; refuse: the span is not stored",
    )
    otlp_sessions: Literal["asked", "always"] = _switch(
        "asked",
        "Which spans of OpenTelemetry start their session, if it is not stored?",
        "asked: those with honeyhive.session_auto_create; always: every span",
    )
    fault_header: Literal["off", "on"] = _switch(
        "off",
        "May a request ask for a fault by the header x-honeyhive-local-fault?",
        "off ignores the header; on obeys it",
    )

    def changed(self, options: Mapping[str, object]) -> Switches:
        """Return these switches with some of them changed.

        Raises:
            ConfigError: A name or a value that does not exist.
        """
        for name, value in options.items():
            _check(name, value)
        return evolve(self, **options)  # type: ignore[arg-type]  # every name and value was just checked

    def as_dict(self) -> dict[str, Any]:
        """Return every switch and its value."""
        return asdict(self)


class SwitchOptions(TypedDict, total=False):
    """The switches as keyword arguments. A test compares them with `Switches`."""

    validation: Literal["strict", "lenient"]
    count: Literal["total", "page"]
    missing: Literal["matches", "exclude"]
    filter_type: Literal["strict", "coerce"]
    contains: Literal["strings", "ignore_case", "any"]
    lists: Literal["elements", "whole"]
    ties: Literal["newest", "shuffled"]
    evaluation_id: Literal["any", "metadata.evaluation_id", "metadata.run_id", "top"]
    repost: Literal["replace", "reject", "duplicate", "merge"]
    update: Literal["shallow", "deep"]
    update_answer: Literal["object", "empty"]
    bad_event: Literal["refuse", "partial"]
    visibility_delay: int
    max_body: int
    limit: Literal["strict", "clamp"]
    timestamps: Literal["kept", "rounded"]
    gzip: Literal["accept", "refuse"]
    max_batch: int
    max_filters: int
    max_read_ms: int
    otlp_session_id: Literal["derive", "refuse"]
    otlp_sessions: Literal["asked", "always"]
    fault_header: Literal["off", "on"]


@frozen
class Switch:
    """One row of the table.

    Args:
        name: The name.
        default: The default.
        choices: The values; empty for a whole number, 0 or more.
        question: The question that the switch answers.
        meaning: What each value means.
    """

    name: str
    default: str | int
    choices: tuple[str, ...]
    question: str
    meaning: str

    @property
    def option(self) -> str:
        """The option on the command line."""
        return "--" + self.name.replace("_", "-")


def _table() -> dict[str, Switch]:
    hints = get_type_hints(Switches)
    rows: dict[str, Switch] = {}
    for one in fields(Switches):
        default = cast("str | int", one.default)
        question, meaning = one.metadata["question"], one.metadata["meaning"]
        rows[one.name] = Switch(one.name, default, get_args(hints[one.name]), question, meaning)
    return rows


TABLE: Mapping[str, Switch] = _table()


def _check(name: str, value: object) -> None:
    switch = TABLE.get(name)
    if switch is None:
        near = did_you_mean(name, TABLE)
        hint = f"did you mean {near}?" if near else f"there are {', '.join(TABLE)}"
        raise ConfigError(f"there is no switch {name!r}; {hint}")
    if switch.choices:
        if value not in switch.choices:
            raise ConfigError(f"{name} must be one of {', '.join(switch.choices)}, not {value!r}")
    else:
        whole_number(value, name, 0)
