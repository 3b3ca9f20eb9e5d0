"""The standard streams of the command, any of which may be closed, full or a pipe whose reader has gone."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings

TYPE_CHECKING = False  # type checkers know the name; `typing` is slow to import
if TYPE_CHECKING:
    import argparse
    from collections.abc import Generator
    from typing import BinaryIO, TextIO

KEY_VARIABLES = ("HH_API_KEY", "HH_INGESTION_API_KEY")


def prepare() -> None:
    """Make the streams safe to use.

    If one is closed, the next file that is opened gets its number, and status lines would land in that file.
    So the number is taken first. Python itself prints what is for a closed stderr to stdout.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name can be more than UTF-8 holds.
        sys.stdout.reconfigure(errors="backslashreplace")  # pyright: ignore[reportUnknownMemberType]


def say(text: str) -> None:
    """Print one line on stderr, with escapes for what a terminal would obey. A full stderr is no error."""
    from honeyhive_ext.config.printable import printable

    try:
        print(printable(_without_keys(text)), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _send_nowhere(sys.stderr)


def note(options: argparse.Namespace, text: str) -> None:
    """Say how it goes on stderr, unless errors alone are wanted there."""
    if not (options.quiet or options.json):
        say(text)


def say_mistyped(text: str, *, as_json: bool) -> None:
    """Print what is wrong with the arguments, as `exit_status` prints an error."""
    if not as_json:
        say(text)
        return
    import json

    say_json(json.dumps({"error": {"type": "MistypedError", "message": text, "exit_status": 2}}))


def say_json(text: str) -> None:
    """Print one line of JSON on stderr. A full stderr is no error."""
    try:
        print(_without_keys(text), file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _send_nowhere(sys.stderr)


def _without_keys(text: str) -> str:
    """Return a message without keys, such as one in an argument that the message repeats."""
    from honeyhive_ext.config.scrub import Scrub
    from honeyhive_ext.config.secrets import secret

    return Scrub(*(secret(os.environ.get(name)) for name in KEY_VARIABLES)).text(text)


@contextlib.contextmanager
def warnings_said(*, as_json: bool = False, quiet: bool = False) -> Generator[None]:
    """Print each warning as one line, without the place in the code that it comes from.

    Args:
        as_json: Whether it is one JSON object.
        quiet: Whether it is not printed.
    """

    def show(message: Warning | str, *_: object, **__: object) -> None:
        if as_json:
            import json

            say_json(json.dumps({"warning": str(message)}))
        elif not quiet:
            say(f"honeyhive-ext: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def standard_input() -> BinaryIO:
    """Return standard input as bytes.

    Raises:
        ConfigError: It is closed.
    """
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise _closed("input")
    return sys.stdin.buffer


@contextlib.contextmanager
def opened_file(name: str) -> Generator[BinaryIO]:
    """Open a file to read; "-" is standard input.

    Raises:
        ConfigError: It cannot be opened.
    """
    if name == "-":
        yield standard_input()
        return
    from honeyhive_ext.errors import ConfigError
    from honeyhive_ext.files.names import file_path

    try:
        file = file_path(name, "FILE").open("rb")
    except OSError as problem:
        raise ConfigError(f"cannot read {name}: {problem.strerror}") from problem
    with file:
        yield file


def standard_output() -> BinaryIO:
    """Return standard output as bytes.

    Raises:
        ConfigError: It is closed.
    """
    if sys.stdout is None:  # pyright: ignore[reportUnnecessaryComparison]
        raise _closed("output")
    return sys.stdout.buffer


def _closed(which: str) -> Exception:
    from honeyhive_ext.errors import ConfigError  # imports `typing`, which --help does not need

    return ConfigError(f"standard {which} is closed: name a file")


def flush_output() -> None:
    """Write what is buffered for stdout now, so that an error of it is one of the command.

    Raises:
        OSError: It cannot be written.
    """
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        sys.stdout.flush()


def give_up_output() -> None:
    """Send what is still buffered for stdout nowhere."""
    if sys.stdout is not None:  # pyright: ignore[reportUnnecessaryComparison]
        _send_nowhere(sys.stdout)


def _send_nowhere(stream: TextIO) -> None:
    """Let a stream that cannot be written lead nowhere: Python would try again at its end, and complain."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
