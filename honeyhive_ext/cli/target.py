"""Where the events are that a command is about: the service, a local server, or the file of one."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from honeyhive_ext.cli.interrupts import interrupts
from honeyhive_ext.cli.moving import LOCAL_KEY
from honeyhive_ext.cli.streams import note, say
from honeyhive_ext.config.base_url import normalised_base_url
from honeyhive_ext.config.hosts import address_of
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import database_path

if TYPE_CHECKING:
    from honeyhive_ext.client.sync import HoneyHive
    from honeyhive_ext.local.server import LocalServer
    from honeyhive_ext.observe.hooks import ResponseInfo, RetryInfo

IN_PROCESS = "http://localhost"


@contextmanager
def connected(options: argparse.Namespace, *, writes: bool = False) -> Generator[HoneyHive]:
    """Give a client of the service, the server or the file that the arguments name.

    Args:
        options: The arguments, with `url` and `db`.
        writes: Whether a file that does not exist is made.

    Raises:
        ConfigError: The settings cannot be used, or there is no such file.
    """
    from honeyhive_ext.client.sync import HoneyHive
    from honeyhive_ext.config.secrets import secret

    interrupts.check()
    logging.getLogger("honeyhive_ext").addHandler(logging.NullHandler())  # `retry` says the same

    def response(info: ResponseInfo) -> None:
        if options.verbose:
            told = f"{info.method} {info.path}: {info.status or info.error}, {info.seconds * 1000:.0f} ms"
            say(told + (f", request id {info.request_id}" if info.request_id else ""))

    def retry(info: RetryInfo) -> None:
        note(options, f"{info.reason}: next attempt in {info.wait:.1f} s")

    if options.db is not None:
        with store(options.db, makes=writes) as server:
            hh = HoneyHive(
                secret(LOCAL_KEY),
                base_url=IN_PROCESS,
                transport=server.transport(),
                background=False,
                on_response=response,
            )
            with hh:
                yield hh
        return
    base = base_url(options.url)
    key = secret(LOCAL_KEY) if is_local(base) and not os.environ.get("HH_API_KEY", "").strip() else None
    with HoneyHive(key, base_url=base, background=False, on_response=response, on_retry=retry) as hh:
        yield hh


def base_url(given: str | None) -> str:
    """Return the base URL that --url or HH_API_URL names.

    Raises:
        ConfigError: It is no URL of an API.
    """
    if given is not None and not given.strip():
        raise ConfigError("--url is empty: give a URL such as http://127.0.0.1:8080")
    try:
        return normalised_base_url(given, os.environ)
    except ConfigError as problem:
        if given is None:
            raise
        raise ConfigError(str(problem).replace("base_url", "--url", 1)) from problem


def is_local(base: str) -> bool:
    """Return whether a base URL leads to this machine.

    >>> is_local("http://127.0.0.1:8080"), is_local("https://api.example.com")
    (True, False)
    """
    host = httpx.URL(base).host
    address = address_of(host)
    return host == "localhost" if address is None else address.is_loopback


@contextmanager
def store(db: str, *, makes: bool) -> Generator[LocalServer]:
    """Give a server in this process over a database.

    Raises:
        ConfigError: There is no such file, or it cannot be read.
    """
    from honeyhive_ext.cli.opened_store import opened_store

    path = database_path(db, "--db")
    if not makes and not path.exists():
        raise ConfigError(f"there is no file {db}")
    with opened_store(path) as server:
        yield server
