"""Write the results of a search to a Parquet file."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks import peers
from benchmarks.job import Contender, Job, Must, Run, Target
from benchmarks.jobs.search_dicts import PAGE

OURS = "honeyhive_ext .to_parquet()"
FLOOR = "pyarrow writing parsed rows"
PAGES = 10  # a round writes whole files; a row group has as many pages


def parsed_rows(target: Target) -> Run:
    """Write rows that were parsed beforehand: nested values as JSON text, in the columns of this package."""
    import orjson
    import pyarrow as pa
    import pyarrow.parquet as pq

    from honeyhive_ext.export.arrow import arrow_schema

    post = peers.http_client_orjson(target)
    pages = [post("/v1/events/search", {"limit": PAGE, "page": n})["events"] for n in range(1, PAGES + 1)]
    path, schema = Path(mkdtemp()) / "events.parquet", arrow_schema()

    def text(value: Any) -> Any:
        return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else value

    def run(units: int) -> int:
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for _ in range(units // (PAGES * PAGE)):
                group = [
                    pa.record_batch(
                        [
                            pa.array([text(row.get(field.name)) for row in page], field.type)
                            for field in schema
                        ],
                        schema=schema,
                    )
                    for page in pages
                ]
                writer.write_table(pa.Table.from_batches(group, schema), row_group_size=PAGES * PAGE)
        return int(pq.read_metadata(path).num_rows)

    return run


def ours(target: Target) -> Run:
    from honeyhive_ext import HoneyHive

    search = HoneyHive(api_key=peers.KEY, base_url=target.url).events.search
    path = Path(mkdtemp()) / "events.parquet"

    def run(units: int) -> int:
        path.unlink(missing_ok=True)
        return search(limit=units).to_parquet(path)

    return run


JOB = Job(
    name="search-parquet",
    title="search straight to Parquet",
    clock=True,
    step=PAGES * PAGE,
    rows=(Contender(FLOOR, parsed_rows), Contender(OURS, ours)),
    musts=(Must(OURS, FLOOR, 1.2, then=0.9, says="`search().to_parquet()`"),),
    note="the first row reads nothing from the server while it is measured",
)
