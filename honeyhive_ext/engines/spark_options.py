"""The options of the Spark data source, checked. Pure, but for the file of the key."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from attrs import evolve, frozen

from honeyhive_ext.config.checks import did_you_mean, whole_number
from honeyhive_ext.config.defaults import MOST_A_PAGE
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.config.secrets import Secret, secret
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.export.nested_columns import NestedColumn, read_columns
from honeyhive_ext.export.table import columns as fixed_columns
from honeyhive_ext.filters.time_text import DURATIONS, duration_of
from honeyhive_ext.search.query import Query, When, build_query

NAMES = (
    "apiKeyFile", "columns", "end", "evaluationId", "filters", "jobId", "lag", "maxWindow", "numPartitions",
    "pageSize", "requestsPerSecond", "start", "url",
)  # fmt: skip
MOST_PARTITIONS = 100_000
LAG = timedelta(minutes=5)

_OF_A_KEY = re.compile("key|token|secret|password|credential|bearer|auth")
_NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_PART = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,"])+', re.DOTALL)
_MS = timedelta(milliseconds=1)


@never_raising
@frozen(kw_only=True)
class SourceOptions:
    """What somebody asks of the data source. It holds no key, since plans and pickles hold it.

    Attributes:
        url: The URL of the API; None for that of the environment.
        key_file: A file with the API key; None for the key of the environment.
        start, end: The range, as for `search`.
        filters: Conditions as text.
        evaluation_id: The experiment run.
        page_size: Events in one request.
        names: The columns that are wanted, in their order.
        nested: Those of them that are values inside objects.
        partitions: How many partitions; None for the default.
        rate: Requests a second, of all tasks together; None for no limit.
        lag: How long after its start_time an event may arrive, for streams.
        window: The longest time that one batch of a stream covers; None for any.
        job: What names a job that writes; None for a new name.
    """

    url: str | None
    key_file: str | None
    start: When
    end: When
    filters: str
    evaluation_id: str | None
    page_size: int
    names: tuple[str, ...]
    nested: tuple[NestedColumn, ...]
    partitions: int | None
    rate: float | None
    lag: timedelta
    window: timedelta | None
    job: str | None

    def query(self, now_ms: float) -> Query:
        """Return the search.

        Raises:
            QueryError: The API cannot be asked for this; the message says what to write instead.
        """
        return build_query(
            (self.filters,) if self.filters.strip() else (),
            start=self.start,
            end=self.end,
            evaluation_id=self.evaluation_id,
            page_size=self.page_size,
            now_ms=now_ms,
        )

    def at(self, url: str | None) -> SourceOptions:
        """Return the same options for a URL, if they name none."""
        return self if self.url else evolve(self, url=url)

    def key(self) -> Secret | None:
        """Return the key in the file that the options name; None if they name none.

        Raises:
            ConfigError: The file cannot be read, or is empty.
        """
        if self.key_file is None:
            return None
        try:
            found = secret(Path(self.key_file).expanduser().read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise ConfigError(
                f"apiKeyFile: {self.key_file!r} cannot be read on this machine ({reason})"
            ) from None
        if found is None:
            raise ConfigError(f"apiKeyFile: {self.key_file!r} is empty: write the API key into it")
        return found


def read_options(given: Mapping[str, str], now_ms: float) -> SourceOptions:
    """Return the options that Spark hands over, in upper or lower case, as `num_partitions` or numPartitions.

    Raises:
        ConfigError: An option is not known or malformed, or holds a key.
        QueryError: The API cannot be asked for this.
    """
    known = {_plain(name): name for name in NAMES}
    values: dict[str, str] = {}
    for name, value in given.items():
        if _plain(name) not in known:
            raise _unknown(name)
        values[known[_plain(name)]] = str(value)
    names, nested = _columns(values.get("columns", "*"))
    lag = _duration(values, "lag")
    made = SourceOptions(
        url=values.get("url"),
        key_file=_path(values.get("apiKeyFile")),
        start=_when(values.get("start")),
        end=_when(values.get("end")),
        filters=values.get("filters", ""),
        evaluation_id=values.get("evaluationId"),
        page_size=_whole(values, "pageSize", MOST_A_PAGE) or MOST_A_PAGE,
        names=names,
        nested=nested,
        partitions=_whole(values, "numPartitions", MOST_PARTITIONS),
        rate=_rate(values.get("requestsPerSecond")),
        lag=LAG if lag is None else lag,
        window=_duration(values, "maxWindow"),
        job=values.get("jobId"),
    )
    made.query(now_ms)
    return made


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _unknown(name: str) -> ConfigError:
    if _OF_A_KEY.search(name.lower()):
        return ConfigError(
            f"the option {name[:40]!r} would show the API key in plans, in the log and in the web UI of "
            "Spark: set HH_API_KEY in the environment of the driver and of the executors, or give the option "
            "apiKeyFile, the path of a file with the key on each of them"
        )
    near = did_you_mean(_plain(name), [_plain(one) for one in NAMES])
    match = next((one for one in NAMES if _plain(one) == near), None)
    hint = f"did you mean {match}?" if match else f"there are {', '.join(NAMES)}"
    return ConfigError(f"there is no option {name[:40]!r}: {hint}")


def _path(given: str | None) -> str | None:
    if given is not None and given.strip().startswith("hh_"):
        raise ConfigError("apiKeyFile is the path of a file with the API key, not the key itself")
    return given


def _when(given: str | None) -> When:
    if given is None or not _NUMBER.fullmatch(given.strip()):
        return given
    number = float(given)
    return int(number) if number.is_integer() else number


def _whole(values: Mapping[str, str], name: str, most: int) -> int | None:
    given = values.get(name)
    if given is None:
        return None
    return whole_number(int(given) if re.fullmatch(r"-?\d{1,18}", given, re.ASCII) else given, name, 1, most)


def _rate(given: str | None) -> float | None:
    if given is None:
        return None
    try:
        rate = float(given)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise ConfigError(f"requestsPerSecond is {given[:40]!r}: give a number above 0, such as 10")
    return rate


def _duration(values: Mapping[str, str], name: str) -> timedelta | None:
    given = values.get(name)
    if given is None:
        return None
    found = duration_of(given.replace(" ", ""))
    if found is None or (found < _MS and name != "lag"):
        raise ConfigError(f"{name} is {given[:40]!r}: give {DURATIONS}")
    return found


def _columns(given: str) -> tuple[tuple[str, ...], tuple[NestedColumn, ...]]:
    """Return the names of all columns that a text names, and those that are values inside objects."""
    fixed = [column.name for column in fixed_columns()]
    names: list[str] = []
    nested: list[NestedColumn] = []
    for part in map(str.strip, _PART.findall(given)):
        if part == "*":
            names += fixed
        elif part in fixed:
            names.append(part)
        else:
            made = read_columns(part)
            if any(column.kind is None for column in made):
                raise ConfigError(
                    f"columns: {part!r} needs a type in Spark: write {part}:number or {part}:string"
                )
            nested += made
            names += [column.name for column in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice or not names:
        raise ConfigError(f"columns: {twice!r} is there twice" if twice else "columns names no column")
    return tuple(names), tuple(nested)
