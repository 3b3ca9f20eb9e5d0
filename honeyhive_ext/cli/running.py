"""A running local server, as `seed --url` and `export --url` reach it."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager

import httpx
import orjson

from honeyhive_ext.batch.limits import RequestLimits
from honeyhive_ext.config.base_url import normalised_base_url
from honeyhive_ext.config.scrub import Scrub
from honeyhive_ext.config.secrets import secret
from honeyhive_ext.config.settings import build_settings
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.http.failures import hide_keys
from honeyhive_ext.http.pool import certificates, socks_explained
from honeyhive_ext.http.proxies import proxy_for

EVENTS = 1000  # in one request
BLOCK = 1 << 20  # bytes of an export that are in memory at a time
TIMEOUT = 60.0  # seconds for each part of an answer
_MEDIA_TYPE = "application/x-ndjson"
_SHOWN = 20  # wrong lines that a message lists
_GIVE = "give the one that `honeyhive-ext serve` prints, such as http://127.0.0.1:8080"
_LINE = re.compile(r"line (\d+)")

Numbered = Sequence[tuple[int, bytes]]  # lines that are not blank, and their numbers in the file


class NoLocalServerError(ConfigError):
    """What answers at the URL is no local server, but perhaps the service."""


class RunningServer:
    """A local server at a URL. Made with `connect`, which closes its connection.

    Args:
        client: What sends the requests.
        url: Its URL, for messages.
        scrub: Takes the key out of messages.
    """

    def __init__(self, client: httpx.Client, url: str, scrub: Scrub) -> None:
        self._client = client
        self._url = url
        self._scrub = scrub
        self._limits = RequestLimits(max_events=EVENTS)

    @contextmanager
    def export(self) -> Generator[Iterator[bytes]]:
        """Ask for every event; give the answer in blocks of whole bytes, not of whole lines.

        Raises:
            ConfigError: It does not answer, refuses, or is no local server.
        """
        with self._explained(), self._client.stream("GET", "/_local/export") as answer:
            if answer.status_code == 404:
                raise NoLocalServerError(f"there is no local server at {self._url}")
            if not answer.is_success:
                answer.read()
                raise self._refused(answer)
            if not answer.headers.get("content-type", "").startswith(_MEDIA_TYPE):
                raise ConfigError(f"there is no local server at {self._url}: its answer is another website's")
            yield answer.iter_bytes(BLOCK)

    def seed(self, lines: Iterable[bytes]) -> Iterator[int]:
        """Send events, one a line; yield how many each request has stored.

        Requests are cut by events and by bytes, and again where the server finds one too large.

        Raises:
            ConfigError: It does not answer, or refuses. The message names lines by their number in the file.
        """
        waiting: list[tuple[int, bytes]] = []
        size = 0
        for number, whole in enumerate(lines, 1):
            line = whole.strip()
            if not line:
                continue
            full = len(waiting) == self._limits.max_events or size + len(line) > self._limits.size
            if waiting and full:
                yield from self._send(waiting)
                waiting, size = [], 0
            waiting.append((number, line))
            size += len(line) + 1
        if waiting:
            yield from self._send(waiting)

    def _send(self, lines: Numbered) -> Iterator[int]:
        body = b"\n".join([line for _, line in lines])
        with self._explained():
            answer = self._client.post("/_local/seed", content=body, headers={"content-type": _MEDIA_TYPE})
        if answer.status_code == 413:
            self._limits.observed.observe(len(body))
            if len(lines) == 1:
                raise ConfigError(f"line {lines[0][0]}: {len(body)} bytes are more than the server takes")
            half = len(lines) // 2
            yield from self._send(lines[:half])
            yield from self._send(lines[half:])
        elif answer.is_success:
            yield len(lines)
        else:
            raise self._refused(answer, lines)

    @contextmanager
    def _explained(self) -> Generator[None]:
        try:
            yield
        except httpx.RequestError as problem:
            hide_keys(problem, self._scrub)
            raise ConfigError(f"no local server answers at {self._url}: {problem}") from problem

    def _refused(self, answer: httpx.Response, lines: Numbered = ()) -> ConfigError:
        try:
            body = orjson.loads(answer.content)
            wrong = [f"{_in_file(one['path'], lines)}: {one['message']}" for one in body.get("errors", ())]
            more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
            told = "; ".join(wrong[:_SHOWN]) + more or str(body["message"])
        except (ValueError, TypeError, KeyError, AttributeError):
            told = answer.text[:2000]
        told = self._scrub.text(told)
        if lines and answer.status_code == 400:
            return ConfigError(told)
        return ConfigError(f"{self._url} answered {answer.status_code}: {told}")


@contextmanager
def connect(url: str, key: str) -> Generator[RunningServer]:
    """Connect to a local server that runs.

    Args:
        url: Its URL.
        key: A key that it accepts.

    Raises:
        ConfigError: The URL, the key or a proxy cannot be used. The message names the option.
    """
    if not url.strip():
        raise ConfigError(f"--url is empty: {_GIVE}")
    try:
        base = normalised_base_url(url, {})
    except ConfigError as problem:
        raise ConfigError(f"--url is not a server's URL: {_GIVE}") from problem
    try:
        settings = build_settings(api_key=secret(key), base_url=base, environ={})
    except ConfigError as problem:
        raise ConfigError(f"--api-key: {problem}") from problem
    proxy = proxy_for(base)
    verify = certificates() if base.startswith("https://") else False
    with socks_explained(proxy.variable if proxy else ""):
        client = httpx.Client(
            base_url=base,
            headers={"authorization": f"Bearer {settings.key(write=False).reveal()}"},
            verify=verify,
            proxy=proxy.proxy if proxy else None,
            timeout=TIMEOUT,
            trust_env=False,
        )
    with client:
        yield RunningServer(client, base, settings.scrub)


def _in_file(path: str, lines: Numbered) -> str:
    """Return where something is wrong, with the line's number in the file instead of the one in the request.

    >>> _in_file("line 2: inputs", [(5, b"{}"), (9, b"{}")])
    'line 9: inputs'
    """
    found = _LINE.match(path)
    if found is None or not 0 < int(found[1]) <= len(lines):
        return path
    return f"line {lines[int(found[1]) - 1][0]}{path[found.end() :]}"
