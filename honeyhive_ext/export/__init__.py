"""Search results as files and data frames: `search(...).to_jsonl`, `.to_parquet` and `.to_dataframe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from honeyhive_ext.config.lazy import lazy

if TYPE_CHECKING:
    from honeyhive_ext.export.flatten import column_name
    from honeyhive_ext.export.parquet import read_parquet

__all__ = ["column_name", "read_parquet"]

_HOMES = {"column_name": "export.flatten", "read_parquet": "export.parquet"}

__getattr__ = lazy(__name__, _HOMES)
