"""How a command ends: its exit status, and its error as a line or as JSON."""

from __future__ import annotations

import argparse
import json
import sqlite3
import warnings
from typing import Any

from honeyhive_ext.cli import streams
from honeyhive_ext.cli.commands import MistypedError, complain
from honeyhive_ext.cli.interrupts import INTERRUPTED, interrupts
from honeyhive_ext.cli.overview import MISTYPED, PROGRAM
from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.scrub import NO_KEYS
from honeyhive_ext.errors import (
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    EventError,
    HoneyHiveError,
    NotFoundError,
    PermissionDeniedError,
    QueryError,
    RateLimitError,
    ServerError,
)
from honeyhive_ext.filters.text_reader import FilterTextError
from honeyhive_ext.filters.warnings import FilterWarning
from honeyhive_ext.views.cells import cells

BEFORE_MARK = 60  # characters of a filter that are shown before a mistake
DONE, FAILED, NOT_FOUND, REFUSED, UNAVAILABLE = 0, 1, 3, 4, 5


class NothingFoundError(HoneyHiveError):
    """Nothing is stored under the id that the arguments give."""


_STATUSES: tuple[tuple[tuple[type[Exception], ...], int], ...] = (
    ((QueryError, EventError), MISTYPED),
    ((NotFoundError, NothingFoundError), NOT_FOUND),
    ((AuthenticationError, PermissionDeniedError), REFUSED),
    ((APIConnectionError, RateLimitError, ServerError), UNAVAILABLE),
)


def status_of(problem: BaseException | None) -> int:
    """Return the exit status for an error. What it comes from counts if it has no status itself.

    >>> status_of(QueryError("the API has no OR")), status_of(OSError("full"))
    (2, 1)
    """
    seen: set[int] = set()
    while problem is not None and id(problem) not in seen:
        for kinds, status in _STATUSES:
            if isinstance(problem, kinds):
                return status
        seen.add(id(problem))
        problem = problem.__cause__
    return FAILED


def error_as_dict(problem: BaseException, status: int) -> dict[str, Any]:
    """Return an error as `--json` prints it.

    >>> error_as_dict(OSError("full"), 1)
    {'error': {'type': 'OSError', 'message': 'full', 'exit_status': 1}}
    """
    told: dict[str, Any] = {
        "type": type(problem).__name__,
        "message": NO_KEYS.text(str(problem)),
        "exit_status": status,
    }
    if isinstance(problem, APIStatusError):
        told |= {"status": problem.status, "error_code": problem.error_code, "request_id": problem.request_id}
        told |= {"retry_after": problem.retry_after, "attempts": problem.attempts, "hint": problem.hint}
    for name in ("position", "length", "suggestion", "path"):  # of a mistake in a filter, or in an event
        if (value := getattr(problem, name, None)) not in (None, ""):
            told[name] = value
    return {"error": {name: value for name, value in told.items() if value not in (None, "")}}


def run_command(options: argparse.Namespace) -> int:
    """Run a command whose arguments are read, and return the exit status."""
    name = " ".join(filter(None, (PROGRAM, options.command, getattr(options, "verb", None))))
    as_json = getattr(options, "json", False)
    try:
        try:
            if getattr(options, "local", False) or getattr(options, "db", None) is not None:
                with interrupts.held():
                    _load_schemas()
            with streams.warnings_said(as_json=as_json, quiet=getattr(options, "quiet", False)):
                warnings.simplefilter("always", FilterWarning)  # it is for a person, also under -W error
                return int(options.run(options))
        finally:
            streams.flush_output()
    except BrokenPipeError:
        streams.give_up_output()
        return DONE
    except MistypedError as problem:
        complain(name, str(problem))
    except KeyboardInterrupt as stopped:
        _tell(name, KeyboardInterrupt(f"interrupted{'; ' if stopped.args else ''}{stopped}"), as_json)
        return INTERRUPTED
    except (HoneyHiveError, OSError, sqlite3.Error) as problem:
        streams.give_up_output()
        return _tell(name, problem, as_json)


def _load_schemas() -> None:
    """Load what a server in this process needs."""
    from honeyhive_ext.local.routes.validate import load_schemas

    load_schemas()


def _tell(name: str, problem: BaseException, as_json: bool) -> int:
    status = INTERRUPTED if isinstance(problem, KeyboardInterrupt) else status_of(problem)
    if as_json:
        streams.say_json(json.dumps(error_as_dict(problem, status)))
        return status
    if isinstance(problem, FilterTextError):
        for line in [f"{name}: {problem.reason}", *_marked(problem)]:
            streams.say(line)
    else:
        streams.say(f"{name}: {problem}")
    return status


def _marked(mistake: FilterTextError) -> list[str]:
    """Return a mistyped filter with a mark below the mistake, and what to write there.

    >>> from honeyhive_ext.filters import parse
    >>> try:
    ...     parse("metadata.cost >= 5")
    ... except FilterTextError as error:
    ...     print(*_marked(error), sep=chr(10))
      metadata.cost >= 5
                    ^^^^
      write: metadata.cost > 4
    """
    before, wrong = mistake.text[: mistake.position], mistake.text[mistake.position :][: mistake.length]
    after = mistake.text[mistake.position + mistake.length :]
    begin, marked, end = printable(before), printable(wrong), printable(after)
    skipped = max(cells(begin) - BEFORE_MARK, 0)
    begin = begin[skipped:]
    lines = [f"  {begin}{marked}{end}", "  " + " " * cells(begin) + "^" * max(cells(marked), 1)]
    if mistake.suggestion:
        lines.append(f"  write: {printable(before + mistake.suggestion + after)}")
    return lines
