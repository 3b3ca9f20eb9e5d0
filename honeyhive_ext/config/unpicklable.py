"""Objects that refuse to be pickled. It imports nothing: the clients load it when they are named."""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers know the name; importing `typing` for it would cost 3 ms
if TYPE_CHECKING:
    from typing import NoReturn


class Unpicklable:
    """What holds a key or a connection refuses to be pickled; copies within the process are fine."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        from honeyhive_ext.errors import PickleRefusedError

        raise PickleRefusedError(
            f"{type(self).__name__} cannot be pickled: it would carry the API key out of the process. "
            "Make a client in each process; the environment variable HH_API_KEY reaches them all"
        )
