"""Search results as files and data frames: `search(...).to_jsonl`, `.to_parquet` and `.to_dataframe`."""

from honeyhive_ext.export.parquet import read_parquet
from honeyhive_ext.export.paths import column_name

__all__ = ["column_name", "read_parquet"]
