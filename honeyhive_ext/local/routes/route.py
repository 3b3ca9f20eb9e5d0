"""A route: a method, a path, and the function that answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence

from attrs import field, frozen

from honeyhive_ext.local.codec import TooDeepError, TooManyValuesError, check_values
from honeyhive_ext.local.message import Failure, RequestRefused, Response, bad_request
from honeyhive_ext.local.routes.context import Context
from honeyhive_ext.local.store import (
    EventExistsError,
    InterruptedReadError,
    SlowReadError,
    StoreClosedError,
    StoreFailedError,
)
from honeyhive_ext.local.store.store_errors import FailureKind

logger = logging.getLogger("honeyhive_ext.local")

# What the client does about each: it tries 5xx again, but not 501; it splits a batch at 413.
_FAILURES: Mapping[FailureKind, tuple[int, str]] = {
    "full": (507, "INSUFFICIENT_STORAGE"),
    "busy": (503, "UNAVAILABLE"),
    "disk": (503, "UNAVAILABLE"),
    "memory": (503, "UNAVAILABLE"),
    "read only": (501, "READ_ONLY"),
    "gone": (501, "FILE_GONE"),
    "damaged": (500, "DAMAGED"),
    "too large": (413, "PAYLOAD_TOO_LARGE"),
    "other": (500, "INTERNAL"),
}

Endpoint = Callable[[Context], Response]


@frozen
class Route:
    """A method, a path, and the function that answers.

    Args:
        method: GET, POST, ...
        path: The path, with parameters in braces.
        endpoint: The function that answers.
        reads: Whether the route returns what is stored. An ingestion key is not enough then.
        codings: The codings that a body may have.
        keyless: Whether the route needs no key, as it says nothing about what is stored.
    """

    method: str
    path: str
    endpoint: Endpoint
    reads: bool = False
    codings: Sequence[str] = ("gzip",)
    keyless: bool = False
    pattern: re.Pattern[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        text = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        object.__setattr__(self, "pattern", re.compile(text))

    def answer(self, context: Context) -> Response:
        """Return the answer. The errors of the store and of the codec become refusals.

        Raises:
            RequestRefused: The request is answered with an error.
        """
        try:
            check_values(context.request.body)
            return self.endpoint(context)
        except TooManyValuesError as problem:
            raise RequestRefused(413, str(problem), "PAYLOAD_TOO_LARGE") from problem
        except TooDeepError as problem:
            raise bad_request([Failure(problem.path, str(problem))]) from problem
        except EventExistsError as problem:
            raise RequestRefused(409, str(problem), "CONFLICT") from problem
        except (StoreClosedError, InterruptedReadError) as problem:
            raise RequestRefused(503, str(problem), "UNAVAILABLE") from problem
        except SlowReadError as problem:
            raise RequestRefused(400, str(problem), "TOO_SLOW") from problem
        except StoreFailedError as problem:
            logger.warning("%s %s failed: %s", self.method, self.path, problem)
            status, code = _FAILURES[problem.kind]
            raise RequestRefused(status, str(problem), code) from problem
