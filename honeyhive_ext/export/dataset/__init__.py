"""A set of Parquet files, partitioned by time, that grows by what is new.

- `partitions`: the partition of an event, and its folder.
- `intervals`: which times were searched, and which are missing.
- `freshness`: what is searched again, and replaced.
- `manifest`, `run_state`: what the set holds, and how far an unfinished run is.
- `folder`: where everything is on disk.
- `pending`, `stored_events`: events that wait for their file, and events that are in one.
- `dataset`: the driver.
"""

__all__: list[str] = []
