"""Turn an answer that is not a success, or a lost connection, into an error that says what to do. Pure."""

from __future__ import annotations

import contextlib
import re
import ssl
import sys
import types
from collections.abc import Generator, Mapping
from contextvars import ContextVar
from typing import Any

import httpx

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.scrub import Scrub
from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import (
    BODY_SHOWN,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ResponseError,
    error_class,
)
from honeyhive_ext.http.libraries import library_of
from honeyhive_ext.observe.hooks import request_id
from honeyhive_ext.serialize.exact_json import answered_value

_TITLE = re.compile(rb"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)  # no two parts take blanks

# Frames of these modules hold the request as it is sent, with the Authorization header.
_WIRE_MODULES = frozenset(
    {"httpx", "httpcore", "h11", "h2", "hpack", "anyio", "trio", "sniffio", "socksio", "asyncio", "uvloop"}
    | {"httpx2", "httpcore2", "truststore", "aiohttp", "yarl", "multidict"}
    | {"ssl", "socket", "selectors", "contextlib"}
)
# Frames of these packages hold what came, and a server can repeat the key. Those of some modules do not.
_OWN_WIRE = ("honeyhive_ext.http.", "honeyhive_ext.transports.")
_SHOWN = frozenset(f"honeyhive_ext.http.{name}" for name in ("exchange", "drive", "operations"))

# How h11 and aiohttp quote what came.
_QUOTE = re.compile(r":?\s(?:bytearray\(b?|b)['\"]")

NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)

_HINTS = {
    401: "Check the API key: HH_API_KEY or api_key=",
    402: "The account's plan does not cover this",
    403: "This API key may not do this; an ingestion key can only write",
    404: "Check the id and base_url (HH_API_URL)",
    408: "The service did not wait longer for the request",
    413: "Send fewer events at once, or shorten the event",
    429: "Too many requests: slow down, or wait as long as retry_after says",
}
_FAILED = "The service, or a proxy in front of it, failed"


def status_error(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    attempts: int,
    retry_after: float | None,
    hint: str = "",
) -> APIStatusError:
    """Return the typed error of an answer that is not a success."""
    message, code = _told(content)
    logged = request_id(headers)
    return error_class(status)(
        status,
        message,
        error_code=code,
        request_id=None if logged is None else printable(logged),
        body=content,
        retry_after=retry_after,
        attempts=attempts,
        hint=hint or _HINTS.get(status, _FAILED if status >= 500 else ""),
    )


def redirect_hint(location: str, origin: str) -> str:
    """Return the hint of a redirect that is not followed."""
    if not location:
        return "The redirect has no Location: check base_url (HH_API_URL)"
    return (
        f"The answer redirects from {origin} to {_without_query(location)!r}. It is not followed, so that "
        "the API key goes nowhere else and a write stays a write. If that is the right place, make it the "
        "base_url"
    )


def connection_error(error: httpx.RequestError, *, attempts: int, timeout: float) -> APIConnectionError:
    """Return the typed error of an attempt without an answer."""
    detail = _detail(error)
    tries = f" ({attempts} attempts)" if attempts > 1 else ""
    made: APIConnectionError
    if isinstance(error, httpx.PoolTimeout):
        made = APITimeoutError(
            f"no free connection within {timeout:g} s{tries}: more calls run at once than the pool holds; "
            "run fewer, or pass http_client= with larger limits"
        )
    elif isinstance(error, httpx.ConnectTimeout):
        made = APITimeoutError(f"no connection within {timeout:g} s{tries}: check base_url and the network")
    elif isinstance(error, httpx.TimeoutException):
        made = APITimeoutError(
            f"no complete answer within {timeout:g} s{tries}: the service may or may not have acted on the "
            "request. Sending it again with the same id is safe; timeout= allows more"
        )
    elif _caused_by(error, ssl.SSLError):
        made = APIConnectionError(
            f"TLS failed{tries}: {detail}. Check that base_url is https:// where the service speaks TLS, "
            "and the machine's certificates (SSL_CERT_FILE)"
        )
    elif isinstance(error, NOT_SENT):
        made = APIConnectionError(
            f"no connection{tries}: {detail}. Check base_url (HH_API_URL), the network and the proxy settings"
        )
    elif isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        made = APIConnectionError(f"the request cannot be sent: {detail}")
    else:
        made = APIConnectionError(
            f"the connection broke before the answer was complete{tries}: {detail}. The service may or may "
            "not have acted on the request; sending it again with the same id is safe"
        )
    made.attempts = attempts
    return made


def answer_not_usable(
    reason: str, status: int, body: bytes, *, attempts: int, maybe_stored: bool
) -> ResponseError:
    """Return the error of an answer that came and cannot be used."""
    answered = f"the service answered {status}, but" if status else "the service answered, but"
    tries = f" ({attempts} attempts)" if attempts > 1 else ""
    unknown = (
        ". The service may or may not have acted on the request; sending it again with the same id is safe"
        if maybe_stored
        else ""
    )
    text = f"{answered} {reason}{tries}{unknown}"
    made = ResponseError(text, status=status, body=body, maybe_stored=maybe_stored)
    made.attempts = attempts
    return made


def without_wire_frames(error: BaseException) -> None:
    """Remove the HTTP library's frames from an exception and its causes.

    Tools that print tracebacks with local variables would show the Authorization header of those frames. The
    exceptions, their messages and all other frames stay.
    """
    for current in _chain(error):
        if (library := library_of(current, "RequestError")) is not None:
            lost: Any = current
            with contextlib.suppress(RuntimeError):  # an error that never had a request
                lost.request = library.Request(lost.request.method, lost.request.url)
        current.__traceback__ = _other_frames(current.__traceback__)


def hide_keys(error: httpx.RequestError, scrub: Scrub) -> None:
    """Remove the keys from an error, and the causes that show one.

    HTTP libraries quote what they cannot read, and a server can repeat a key, or parts of it. So the quotes
    of an answer go, with the causes that have them too.
    """
    quotes = isinstance(error, (httpx.ProtocolError, httpx.DecodingError))
    for current in _chain(error):
        if quotes or (current.__cause__ is not None and scrub.shown_by(current.__cause__)):
            current.__cause__ = None
        context = current.__context__
        if context is not None and context is not _handled.get() and (quotes or scrub.shown_by(context)):
            current.__context__ = None
    if quotes:
        error.args = (_QUOTE.split(str(error))[0],)
    scrub.clean(error)


def is_of_the_network(error: OSError) -> bool:
    """Return whether an error comes from a socket.

    A signal handler that enforces a time limit may raise a TimeoutError, or any other exception, wherever a
    thread waits. Such an exception has no errno, or the handler is in its traceback.
    """
    # asyncio raises a ConnectionError without errno where a handshake is cut off.
    known = error.errno is not None or isinstance(error, (ssl.SSLError, ConnectionError))
    return known and not from_a_signal_handler(error)


def raised_by_others(error: Exception) -> BaseException | None:
    """Return the exception of a signal handler that httpcore took for one of the network, else None."""
    cause = error.__cause__
    if cause is None or not type(cause).__module__.startswith("httpcore"):
        return None
    # What lies behind the first error that is not httpcore's may be what the application handles meanwhile.
    while cause is not None and type(cause).__module__.startswith("httpcore"):
        cause = cause.__cause__ or cause.__context__
    if not isinstance(cause, OSError):
        return None
    # A timeout of a socket has no errno.
    late = "timed out" in str(cause) and not from_a_signal_handler(cause)
    return None if late or is_of_the_network(cause) else cause


def tls_cause(error: Exception, scheme: str) -> Exception:
    """Return the cause of a failed connection. To a socket, a TLS handshake that was cut off is a reset."""
    cut = isinstance(error, ConnectionError) and not isinstance(error, ConnectionRefusedError)
    if scheme == "https" and cut:
        return ssl.SSLError(
            ssl.SSL_ERROR_EOF, "the other side closed the connection during the TLS handshake"
        )
    return error


_handled: ContextVar[BaseException | None] = ContextVar("honeyhive_ext_handled", default=None)


@contextlib.contextmanager
def apart_from_handled() -> Generator[None]:
    """Make a call, and leave alone the exception that the application handles meanwhile.

    Python makes it the last context of what the call raises. It is no part of why the call failed: it is not
    read, and neither its traceback nor its contexts are changed.
    """
    before = _handled.get()
    _handled.set(sys.exc_info()[1])
    try:
        yield
    finally:
        _handled.set(before)


def _chain(error: BaseException, *, shown: bool = False) -> list[BaseException]:
    """Return an exception with its causes, contexts and members, outermost first, each once.

    With `shown`, those contexts are left out that `raise ... from` hides.
    """
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    handled = _handled.get()
    while pending:
        current = pending.pop(0)
        if current is None or current is handled or any(current is other for other in found):
            continue
        found.append(current)
        hidden = shown and current.__suppress_context__
        pending += [current.__cause__, None if hidden else current.__context__]
        if isinstance(current, BaseExceptionGroup):
            pending += current.exceptions  # pyright: ignore[reportUnknownMemberType]
    return found


def _other_frames(traceback: types.TracebackType | None) -> types.TracebackType | None:
    kept: list[types.TracebackType] = []
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", ""))
        own_wire = module.startswith(_OWN_WIRE) and module not in _SHOWN
        if module.partition(".")[0] not in _WIRE_MODULES and not own_wire:
            kept.append(traceback)
        traceback = traceback.tb_next
    rebuilt: types.TracebackType | None = None
    for entry in reversed(kept):
        rebuilt = types.TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt


def _told(content: bytes) -> tuple[str, str | None]:
    """Return the service's message and error code. Any other body gives its beginning as the message."""
    body = answered_value(content)
    if isinstance(body, dict):
        message = body.get("message") or body.get("error") or body.get("detail")  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        code = body.get("errorCode")  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        if isinstance(message, str):
            return printable(message[:BODY_SHOWN]), printable(code) if isinstance(code, str) else None
    title = _TITLE.search(content[:4096])
    if title is not None:
        return f"{_text(title[1])} (an HTML page, so probably a proxy's answer)", None
    return _text(content), None


def _text(content: bytes) -> str:
    return printable(" ".join(content[: BODY_SHOWN * 4].decode("utf-8", "replace").split())[:BODY_SHOWN])


def _without_query(location: str) -> str:
    return location.partition("?")[0][:200]


def _detail(error: BaseException) -> str:
    """Return the innermost message of a chain, because `ConnectError` alone says little."""
    texts = [text for text in map(str, _chain(error, shown=True)) if text]
    name = type(error).__name__
    return f"{name}: {printable(texts[-1].removesuffix('.'))}" if texts else name


def _caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(each, kind) for each in _chain(error))
