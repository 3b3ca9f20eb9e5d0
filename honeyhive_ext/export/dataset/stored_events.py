"""The events that are in files: their identities, as those of the rows of a search, and themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

from honeyhive_ext.export.arrow import BATCH_ROWS, load, opened_parquet
from honeyhive_ext.export.table import cells, event_of
from honeyhive_ext.search.pages.rows import Row, content_of
from honeyhive_ext.serialize.exact_json import exact_json

_HEADS = ["event_id", "start_time"]
_SAYS = "is not a file of this set: move it elsewhere; refresh= fetches the events of its partition again"


def identity_of(row: Row) -> str:
    """Return what tells whether an event is in a file.

    That is its event_id. For an event without one it is its content, as a file holds it, and its place among
    the equal events of a page.

    >>> identity_of(Row("a", 5, b'{"event_id":"a"}')), identity_of(Row("#1.0", 5, b'{"duration":5}'))[-2:]
    ('a', '.0')
    """
    if not row.key.startswith("#"):
        return row.key
    content = content_of(row)
    if _id_of(content) == row.key:
        return row.key
    return f"{_digest(event_of(cells(content)))}.{row.key.rpartition('.')[2]}"


def known_ids(files: Iterable[Path], lo: float, hi: float) -> frozenset[str]:
    """Return the identities of the events in files.

    Args:
        files: Parquet files of a set.
        lo: Unix ms. Events before it may be left out, to save memory.
        hi: Unix ms. Events after it may be left out.

    Raises:
        ConfigError: A file cannot be read, or is not of a set.
    """
    found: set[str] = set()
    twins: Counter[str] = Counter()
    for path in files:
        for event_id, row in _heads(path, lo, hi):
            if event_id:
                found.add(event_id)
                continue
            event = event_of(row)
            if given := _id_of(event):  # a text that a column cannot hold
                found.add(given)
                continue
            digest = _digest(event)
            found.add(f"{digest}.{twins[digest]}")
            twins[digest] += 1
    return frozenset(found)


def events_outside(files: Iterable[Path], lo: float, hi: float) -> Iterator[Any]:
    """Yield the events of files before and after an interval in Unix ms, as record batches.

    Raises:
        ConfigError: A file cannot be read, or is not of a set.
    """
    compute = load("pyarrow.compute")
    for path in files:
        with opened_parquet(path, _SAYS) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS):
                time = batch.column("start_time")
                found = batch.filter(compute.or_(compute.less(time, lo), compute.greater(time, hi)))
                if found.num_rows:
                    yield found


def _heads(path: Path, lo: float, hi: float) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
    """Yield the id of each event, and the whole row if there is none."""
    with opened_parquet(path, _SAYS) as file:
        at = file.schema_arrow.get_field_index("start_time")
        for group in range(file.num_row_groups):
            if _is_outside(file.metadata.row_group(group).column(at).statistics, lo, hi):
                continue
            heads = file.read_row_group(group, columns=_HEADS)
            ids = heads["event_id"].to_pylist()
            if all(ids):
                yield from ((one, {}) for one in ids)
            else:
                rows = file.read_row_group(group).to_pylist()
                yield from zip(ids, rows, strict=True)


def _is_outside(statistics: Any, lo: float, hi: float) -> bool:
    """Return whether the start_time of every event of a row group is outside of an interval."""
    if statistics is None or not statistics.has_min_max or statistics.null_count != 0:
        return False
    return bool(statistics.max < lo or statistics.min > hi)


def _id_of(event: Any) -> str | None:
    given: object = cast("Mapping[str, object]", event).get("event_id") if isinstance(event, dict) else None
    return given if isinstance(given, str) else None


def _digest(event: Any) -> str:
    text = exact_json(event, sort_keys=True)
    return f"#{blake2b(text.encode(), digest_size=16).hexdigest()}"
