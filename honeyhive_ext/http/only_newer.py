"""While a test has a local server, clients that were made before it send nothing.

Such a client was made when a module was imported, and read the environment of the developer.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from honeyhive_ext.errors import ConfigError

_births = itertools.count(1)


class OnlyNewer:
    """Refuses what older clients send, while a test runs.

    Attributes:
        refused: The base URLs of the clients that tried.
    """

    def __init__(self) -> None:
        self.born_before = 0  # clients with a smaller number are refused
        self.refused: set[str] = set()
        self._served: Callable[[str], bool] = bool

    def begin(self, served: Callable[[str], bool]) -> None:
        """Refuse clients that exist already, except those of the server of the tests.

        Args:
            served: Returns whether a base URL is an address of that server. What comes from an earlier test
                is refused there, as its own.
        """
        self.refused = set()
        self._served = served
        self.born_before = next(_births)

    def end(self) -> None:
        """Refuse nothing."""
        self.born_before = 0

    def check(self, base_url: str) -> None:
        """Refuse an older client.

        Raises:
            ConfigError: It sends somewhere else than to the server of the test.
        """
        if self._served(base_url):
            return
        self.refused.add(base_url)
        raise ConfigError(
            f"this client was made before the test, for {base_url}, and a test with honeyhive_local sends "
            "nothing there: use `from honeyhive_ext import trace`, or make the client when it is first used"
        )


only_newer = OnlyNewer()


def birth() -> int:
    """Return a number for a client that is made now."""
    return next(_births)
