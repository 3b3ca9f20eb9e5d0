"""The events that an export wrote: JSON Lines, compressed or not, a Parquet file, or a set of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.dataset.folder import MANIFEST
from honeyhive_ext.export.parquet import read_parquet
from honeyhive_ext.files.json_lines import json_lines
from honeyhive_ext.files.names import PathLike, file_path, folder_path, shown
from honeyhive_ext.serialize.exact_json import exact_value

PARQUET = b"PAR1"  # how such a file begins


def file_events(path: PathLike) -> Iterator[Any]:
    """Yield the events of a file or of a set of Parquet files, one at a time.

    Raises:
        ConfigError: The file is not there, is of another form, or has a line that is not JSON.
    """
    if (folder := folder_path(path)).is_dir():
        yield from _of_set(folder)
        return
    place = file_path(path)
    try:
        with place.open("rb") as file:
            if file.read(4) == PARQUET:
                yield from read_parquet(path)
                return
            file.seek(0)
            for number, line in enumerate(json_lines(file), 1):
                if line.strip():
                    yield _event(line, f"{shown(place)}, line {number}")
    except OSError as problem:
        raise ConfigError(f"{shown(place)} cannot be read: {problem.strerror or problem}") from problem


def _of_set(folder: Path) -> Iterator[Any]:
    if not (folder / MANIFEST).exists():
        raise ConfigError(f"{shown(folder)} is a folder, and no set of Parquet files: name a file in it")
    try:
        yield from read_parquet(folder)
    except OSError as problem:
        raise ConfigError(f"{shown(folder)} cannot be read: {problem.strerror or problem}") from problem


def _event(line: bytes, where: str) -> Any:
    try:
        return exact_value(line.decode())
    except (ValueError, RecursionError) as problem:
        raise ConfigError(f"{where} is not JSON: {problem}") from problem
