"""A nightly export to Parquet, and what DuckDB says about it; `python -m examples.nightly_export` runs it."""
