"""What a set of files holds: of which search, in which form, and which times were searched. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from attrs import evolve, frozen

from honeyhive_ext.config.checks import is_one_of
from honeyhive_ext.errors import ConfigError, QueryError
from honeyhive_ext.export.dataset.intervals import Interval
from honeyhive_ext.export.dataset.partitions import PARTITIONS, Partition
from honeyhive_ext.export.nested_columns import NestedColumn, read_columns
from honeyhive_ext.export.table import Kind, columns
from honeyhive_ext.filters.written import text_of_all
from honeyhive_ext.search.query import Query
from honeyhive_ext.serialize.exact_json import exact_json, exact_value

VERSION = 1


@frozen
class Manifest:
    """What a set of files holds.

    Attributes:
        partition: The length of time of a folder.
        filters: The conditions of the search, as text, in a fixed order.
        evaluation_id: The experiment run whose events are searched; None for all events.
        kinds: The kind of each column.
        nested: The columns of values inside objects, all with a type.
        searched: The times that were searched.
        newest: The newest start_time found, in Unix ms, but for times in the future.
    """

    partition: Partition
    filters: tuple[str, ...]
    evaluation_id: str | None
    kinds: Mapping[str, Kind]
    nested: tuple[NestedColumn, ...] = ()
    searched: tuple[Interval, ...] = ()
    newest: float | None = None

    @classmethod
    def of(cls, query: Query, partition: Partition) -> Self:
        """Return the manifest of a set without events."""
        filters = tuple(sorted(text_of_all((one,)) for one in query.filters))
        return cls(partition, filters, query.evaluation_id, {one.name: one.kind for one in columns()})

    def to_json(self) -> bytes:
        """Return the manifest as JSON, which `read_manifest` reads."""
        given: dict[str, Any] = {
            "version": VERSION,
            "partition": self.partition,
            "filters": [*self.filters],
            "evaluation_id": self.evaluation_id,
            "columns": {**self.kinds},
            "nested_columns": [one.text() for one in self.nested],
            "searched": [[one.lo, one.hi] for one in self.searched],
            "newest": self.newest,
        }
        return exact_json(given).encode()

    def for_search(self, asked: Manifest, where: str) -> Manifest:
        """Return the manifest of this set for another call.

        Args:
            asked: The manifest of a new set of that call.
            where: The folder of the set, for messages.

        Raises:
            QueryError: The set is of another search.
            ConfigError: A column has another type.
        """
        for name, mine, other in (
            ("partition", self.partition, asked.partition),
            ("filters", " and ".join(self.filters), " and ".join(asked.filters)),
            ("evaluation_id", self.evaluation_id, asked.evaluation_id),
        ):
            if mine != other:
                raise QueryError(
                    f"{where} is a set of files with {name} {mine or 'none'!r}, and this call has "
                    f"{other or 'none'!r}: give the same, or another folder"
                )
        for name, kind in self.kinds.items():
            _same_kind(name, kind, asked.kinds.get(name), where)
        nested = {one.name: one for one in self.nested}
        for one in asked.nested:
            there = nested.setdefault(one.name, one)
            if one.kind is not None:
                _same_kind(one.name, there.kind, one.kind, where)
        return evolve(self, kinds=asked.kinds, nested=tuple(nested.values()))


def _same_kind(name: str, kind: Kind | None, now: Kind | None, where: str) -> None:
    if now is None:
        raise ConfigError(
            f"{where} has a column {name!r} that this version does not know: a newer one wrote it; update "
            "honeyhive-ext"
        )
    if kind != now:
        raise ConfigError(
            f"the column {name!r} of {where} is of type {kind}, and this call makes it {now}: give the type "
            "of the set, or another folder"
        )


def read_manifest(text: bytes, where: str) -> Manifest:
    """Return the manifest that `to_json` wrote.

    Args:
        text: The content of its file.
        where: The file, for messages.

    Raises:
        ConfigError: It is damaged, or of a newer version.
    """
    try:
        given: Any = exact_value(text.decode())
        version = given["version"]
        if version == VERSION:
            return _manifest(given)
    except (ValueError, KeyError, TypeError, ConfigError) as error:
        raise ConfigError(
            f"{where} is damaged ({error!r}): export to another folder, or delete this one"
        ) from error
    raise ConfigError(
        f"{where} is of version {version!r}, which this version does not know: update honeyhive-ext"
    )


def _manifest(given: Mapping[str, Any]) -> Manifest:
    partition: Any = given["partition"]
    if not is_one_of(partition, PARTITIONS):
        raise ValueError(partition)
    return Manifest(
        partition,
        tuple(map(str, given["filters"])),
        given["evaluation_id"],
        dict(given["columns"]),
        read_columns(given["nested_columns"]),
        tuple(Interval(int(lo), int(hi)) for lo, hi in given["searched"]),
        None if given["newest"] is None else float(given["newest"]),
    )
