"""Objects that there is one of. This file imports nothing, because naming a client loads it."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing `typing` for it would be slow
if TYPE_CHECKING:
    from typing import NoReturn, Self


class Uncopied:
    """An object that copies of others share: `copy.copy` and `copy.deepcopy` return it itself."""

    __slots__ = ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


class Unpicklable(Uncopied):
    """An object with a key or a connection: it refuses to be pickled, and copies in its process share it."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        from honeyhive_ext.errors import PickleRefusedError

        raise PickleRefusedError(
            f"{type(self).__name__} cannot be pickled: it would carry the API key out of the process. "
            "Make a client in each process; the environment variable HH_API_KEY reaches them all"
        )
