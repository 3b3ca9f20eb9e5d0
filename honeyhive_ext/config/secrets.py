"""API keys that no output shows, and lists of headers that hold one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from honeyhive_ext.config.checks import unquoted
from honeyhive_ext.config.unpicklable import Unpicklable
from honeyhive_ext.errors import ConfigError

_Item = TypeVar("_Item")

DATA_PLANE_PREFIX = "hh_fgdp_"
DATA_PLANE = (
    f"a data plane key ({DATA_PLANE_PREFIX}...), which serves only paths below /v1/projects/{{project_id}}/: "
    "the events API has none of them and takes a project key"
)


class Secret(Unpicklable):
    """A str that no repr, str(), format, log, traceback or pickle shows.

    >>> Secret("hh_123")
    Secret('[secret]')
    >>> f"{Secret('hh_123')}", Secret("hh_123").reveal()
    ('[secret]', 'hh_123')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the str itself. Keep it out of local variables: tracebacks can show those."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('[secret]')"

    def __str__(self) -> str:
        return "[secret]"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))


class Unshown(Generic[_Item]):
    """A collection that shows its items to a loop alone: for headers with a key, on their way to the wire.

    It is no list, because tools that report errors look into lists, whatever their repr says.

    >>> Unshown([1, 2])
    [2 not shown]
    """

    __slots__ = ("_items",)

    def __init__(self, items: Iterable[_Item]) -> None:
        self._items = [*items]

    def append(self, item: _Item) -> None:
        """Add an item."""
        self._items.append(item)

    def __iter__(self) -> Iterator[_Item]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def __repr__(self) -> str:
        return f"[{len(self)} not shown]"


class Environment:
    """The environment variables, which hold keys: tracebacks that show variables show none of them."""

    __slots__ = ("_variables",)

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def get(self, name: str, default: str = "") -> str:
        """Return the value of a variable, or the default."""
        return self._variables.get(name, default)


def secret(text: str | Secret | None) -> Secret | None:
    """Wrap a key at once, so that no later frame holds the bare str.

    It raises nothing, because the frame of its caller still holds the key. `checked_key` looks at it.

    Args:
        text: The key, without the blanks, line ends and quotes around it. None and a blank str mean "not
            given".
    """
    if text is None or isinstance(text, Secret):
        return text
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - users need not type-check
        return Secret(text)
    bare = unquoted(text)
    return Secret(bare) if bare else None


def checked_key(key: Secret | None, argument: str, variable: str) -> Secret | None:
    """Return a key if the API can take it: visible ASCII, no data plane key.

    Raises:
        ConfigError: It cannot. The message does not show it.
    """
    if key is not None and not isinstance(key.reveal(), str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigError(f"{argument}: an API key is a str, not {type(key.reveal()).__name__}")
    if key is not None and key.reveal().startswith(DATA_PLANE_PREFIX):
        raise ConfigError(f"{argument} ({variable}) is {DATA_PLANE}")
    if key is not None and not all("!" <= char <= "~" and char not in "\"'" for char in key.reveal()):
        raise ConfigError(
            f"{argument} ({variable}) has characters that no API key has, such as a space, a line break or "
            "a quote: copy the key again"
        )
    return key
