"""Search results as files and data frames: `search(...).to_jsonl`, `.to_parquet` and `.to_dataframe`."""

from honeyhive_ext.export.flatten import column_name
from honeyhive_ext.export.parquet import read_parquet

__all__ = ["column_name", "read_parquet"]
