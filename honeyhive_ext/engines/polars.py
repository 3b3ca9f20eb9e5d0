"""A search as a lazy frame of polars: it fetches what a query needs, page by page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from attrs import frozen

from honeyhive_ext.config.reprs import repr_of
from honeyhive_ext.engines.polars_predicates import Pushed, ScanColumn, pushed, scan_column
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.arrow import column_kinds
from honeyhive_ext.export.by_column import some_columns
from honeyhive_ext.export.frames import Polars
from honeyhive_ext.export.nested_columns import NestedColumn, NestedColumns
from honeyhive_ext.export.table import Kind, properties
from honeyhive_ext.results.result import SearchResult

if TYPE_CHECKING:
    import polars

    from honeyhive_ext.client.sync import HoneyHive

LEAST = "1.31"


def scan_events(source: HoneyHive | SearchResult[Any], *, columns: NestedColumns = ()) -> polars.LazyFrame:
    """Return the events as a lazy frame of polars, newest first, with the columns of `to_parquet`.

    A query on the frame fetches what it needs: the conditions that the API can ask for become filters of the
    search, columns that are not used are not made, and `head` ends the search. Everything is checked again by
    polars, so a query has the same result as the same query on the whole data frame. Each `collect` searches
    again.

    Args:
        source: A client, or one of its searches: `hh.events.search(start="7d")`. If the search has a `limit`
            or goes on from a checkpoint, conditions do not become filters.
        columns: Values inside objects that get columns of their own, as for `to_parquet`. Conditions on them
            become filters too. Without a type, one request to the newest events decides it, at this call.

    Raises:
        ConfigError: polars (the extra `polars`) is missing or too old, or an argument is not as above.
    """
    register = _register()
    from honeyhive_ext.client.sync import HoneyHive

    result: Any = source.events.search() if isinstance(source, HoneyHive) else source
    if not isinstance(result, SearchResult):
        raise ConfigError(
            f"{repr_of(source)} cannot be scanned: give a HoneyHive client or what its search returns"
        )
    nested = result._nested(columns)  # pyright: ignore[reportPrivateUsage]
    scan = _Scan(result, nested, Polars())  # pyright: ignore[reportUnknownArgumentType]
    return register(scan.frames, schema=scan.schema())


def _register() -> Callable[..., polars.LazyFrame]:
    try:
        from polars.io.plugins import register_io_source
    except ImportError as error:
        raise ConfigError(
            f'scan_events needs polars {LEAST} or later: pip install "honeyhive-ext[polars]"'
        ) from error
    return register_io_source


@frozen
class _Scan:
    result: SearchResult[Any]
    nested: Sequence[NestedColumn]
    library: Polars

    def schema(self) -> Mapping[str, Any]:
        """Return the type of each column."""
        return {name: self.library.column([], kind).dtype for name, kind in self.kinds().items()}

    def kinds(self) -> Mapping[str, Kind]:
        return column_kinds(self.nested)

    def frames(
        self,
        with_columns: list[str] | None,
        predicate: polars.Expr | None,
        n_rows: int | None,
        _batch_size: int | None,
    ) -> Iterator[polars.DataFrame]:
        """Yield the rows that a query needs, as polars asks for them: each page as a frame."""
        names = [*self.kinds()] if with_columns is None else with_columns
        needed = {*names, *(() if predicate is None else predicate.meta.root_names())}
        yield self.frame((), names)  # so that there is one if nothing matches
        with closing(self.pages(predicate, n_rows)) as pages:
            for page in pages:
                frame = self.frame(page, needed)
                if predicate is not None:
                    frame = frame.filter(predicate)
                yield frame.select(names)

    def pages(self, predicate: polars.Expr | None, n_rows: int | None) -> Generator[list[bytes], None, None]:
        """Yield the pages of the search, narrowed by what the service can be asked for.

        Where polars gives a predicate and a number of rows, the predicate is for these first rows alone.
        """
        asked = Pushed()
        if predicate is not None and n_rows is None:
            asked = pushed(predicate, self.columns())
        narrowed = self.result._narrowed(  # pyright: ignore[reportPrivateUsage]
            asked.filters, start=asked.start, end=asked.end, limit=n_rows
        )
        if narrowed is not None:
            yield from narrowed.pages()

    def columns(self) -> Mapping[str, ScanColumn]:
        """Return the columns that a predicate may name."""
        known = {column.name: ScanColumn((column.name,), column.kind) for column in properties()}
        return known | {column.name: scan_column(column) for column in self.nested}

    def frame(self, texts: Sequence[bytes], names: Collection[str]) -> polars.DataFrame:
        """Return events as a frame with these columns."""
        made: dict[str, list[Any]] = {name: [] for name in names}
        nested = [column for column in self.nested if column.name in made]
        for some in some_columns(texts, nested, only=made):
            for name, cells in some.items():
                made[name] += cells
        kinds = self.kinds()
        frame: polars.DataFrame = self.library.frame(
            {name: self.library.column(cells, kinds[name]) for name, cells in made.items()}
        )
        return frame
