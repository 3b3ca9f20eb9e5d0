"""`honeyhive-ext open`: show a database of the local server in the trace page."""

from __future__ import annotations

import argparse
import contextlib
import sys
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from honeyhive_ext.cli.serve import port_number, stay
from honeyhive_ext.config.printable import printable
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.files.names import database_path
from honeyhive_ext.local.server import LocalServer

if TYPE_CHECKING:
    from honeyhive_ext.cli.commands import Parser


def add_open(command: Parser) -> None:
    """Add the arguments."""
    command.set_defaults(run=run, local=True)
    command.description = "Show the sessions of a database in the trace page, until it is interrupted."
    command.add_argument("--db", metavar="FILE", required=True, help="the database, as `serve --db` makes it")
    command.add_argument("--session", metavar="ID", help="begin with this session (the list of all)")
    command.add_argument("--port", type=port_number, default=0, help="port to listen on (0: a free one)")
    command.add_argument("--no-browser", action="store_true", help="print the address and open no browser")


def run(options: argparse.Namespace) -> int:
    """Serve the file until SIGINT or SIGTERM; return the exit status.

    Raises:
        ConfigError: There is no such file, or it is not a database of the local server.
    """
    path = database_path(options.db, "--db")
    if not path.exists():
        raise ConfigError(f"there is no file {options.db}")
    server = LocalServer(path, port=options.port)

    def greet() -> None:
        address = f"{server.url}/" + (
            f"#{urlencode({'session': options.session})}" if options.session else ""
        )
        print(
            f"Trace page on {address}, events in {printable(str(options.db))}\nPress Ctrl+C to stop.",
            flush=True,
        )
        if not options.no_browser and sys.stdout.isatty():
            with contextlib.suppress(webbrowser.Error, OSError):  # the address is printed
                webbrowser.open(address)

    return stay(server, greet)
