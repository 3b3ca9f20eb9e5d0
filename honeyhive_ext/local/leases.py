"""Who has the server: requests of those who had it before are refused, and it is noted whose they were."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager

from attrs import define, evolve, frozen

from honeyhive_ext.config.printable import printable
from honeyhive_ext.config.reprs import never_raising
from honeyhive_ext.errors import ConfigError
from honeyhive_ext.local.message import Request, Response, error_response

_PATIENCE = 60.0  # seconds in which a request that is being answered ends


@define(eq=False)
class Lease:
    """The use of the server by one holder.

    Args:
        holder: Who it is, such as the id of a test.
        active: The holder's requests that are being answered.
    """

    holder: str
    active: int = 0


@never_raising
@frozen
class LateRequests:
    """Requests to the address of a holder that had given the server back. They were refused.

    Attributes:
        holder: Who had the address, such as the id of a test.
        first: The method and the path of the first request.
        number: How many there were.
    """

    holder: str
    first: str
    number: int

    def __str__(self) -> str:
        came = "1 request came" if self.number == 1 else f"{self.number} requests came, the first"
        return (
            f"{self.holder} left something running that sends: {came} after its end ({self.first}). The "
            "server refused it. Close or flush the client, and wait for threads and processes, in the test"
        )


class Leases:
    """The lease in force, and the requests that came under older ones."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._present: Lease | None = None
        self._late: dict[str, LateRequests] = {}

    def renew(self, holder: str) -> Lease:
        """Return the lease of a new holder. Every older lease ends.

        It waits for requests that are being answered, so that none of them changes anything later.

        Raises:
            ConfigError: A request under the lease before has not ended after 60 s.
        """
        lease = Lease(holder)
        with self._changed:
            before, self._present = self._present, lease
            if before is not None and not self._changed.wait_for(lambda: not before.active, _PATIENCE):
                raise ConfigError(f"a request of {before.holder} has not ended after {_PATIENCE:g} s")
        return lease

    @contextmanager
    def use(self, lease: Lease | None) -> Generator[None]:
        """Keep a lease from ending while the block runs. None is for the owner.

        Raises:
            ConfigError: The lease has ended.
        """
        if lease is None:
            yield
            return
        if not self._begin(lease):
            raise ConfigError(f"{lease.holder} has ended, and its use of the local server with it")
        try:
            yield
        finally:
            self._end(lease)

    def answer(self, lease: Lease, handle: Callable[[Request], Response], request: Request) -> Response:
        """Return the answer to a request under a lease: 410 if it has ended."""
        if not self._begin(lease):
            return self._refused(lease, request)
        try:
            response = handle(request)
        finally:
            self._end(lease)
        if response.rest is not None:
            response = evolve(response, rest=self._while(lease, response.rest))
        return response

    def _while(self, lease: Lease, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the pieces of an answer, as long as the lease lasts."""
        while True:
            with self.use(lease):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    def _begin(self, lease: Lease) -> bool:
        with self._changed:
            if lease is not self._present:
                return False
            lease.active += 1
            return True

    def _end(self, lease: Lease) -> None:
        with self._changed:
            lease.active -= 1
            if lease is not self._present:
                self._changed.notify_all()

    def _refused(self, lease: Lease, request: Request) -> Response:
        with self._changed:
            seen = self._late.get(lease.holder)
            first = printable(f"{request.method} {request.path[:200]}") if seen is None else seen.first
            number = 1 if seen is None else seen.number + 1
            self._late[lease.holder] = LateRequests(lease.holder, first, number)
        return error_response(410, f"this address was that of {lease.holder}, which has ended", "GONE")

    def take_late(self) -> list[LateRequests]:
        """Return the requests that were refused since the last call."""
        with self._changed:
            late, self._late = list(self._late.values()), {}
        return late
