"""Send within a time, and fail in one way only, whatever is called to send."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from honeyhive_ext.config.signals import from_a_signal_handler
from honeyhive_ext.errors import APIConnectionError, APITimeoutError, ConfigError, HoneyHiveError
from honeyhive_ext.serialize.encoders import type_name

if TYPE_CHECKING:
    from honeyhive_ext.batch.run import BatchSender
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.http.exchange import Accept, Call, Reply

SHORTEST = 0.01  # seconds of an attempt


class Attempts:
    """A sender for the requests of one delivery. A failure of any kind leaves the events waiting.

    Args:
        sender: What sends.
        end: Until when all of it may take, on the monotonic clock; None for no end.
        closed: Tells whether the client is closed, so that its connections are no more.
    """

    def __init__(self, sender: BatchSender, end: float | None, closed: Callable[[], bool]) -> None:
        self._sender, self._end, self._closed = sender, end, closed
        self.pause = sender.pause
        self.error = sender.error

    def sleep(self, seconds: float) -> None:
        """Wait as the sender does, but not beyond the end."""
        if self._end is not None:
            seconds = min(seconds, self._end - time.monotonic())
        if seconds > 0:
            self._sender.sleep(seconds)

    def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,
        accept: Accept = (),
    ) -> Reply:
        """Send a call as the sender does.

        Raises:
            APIError: No answer that counts came.
            ConfigError: No attempt can succeed.
        """
        if self._end is not None:
            left = self._end - time.monotonic()
            if left < SHORTEST:
                raise APITimeoutError("the time for sending is over")
            timeout = left if timeout is None else min(timeout, left)
        try:
            return self._sender.send(call, retry=retry, timeout=timeout, accept=accept)
        except ConfigError as error:
            if not self._closed():
                raise
            raise APIConnectionError("the client was closed meanwhile") from error
        except HoneyHiveError:
            raise
        except Exception as error:  # a transport that was given may raise anything
            if from_a_signal_handler(error):
                raise
            raise APIConnectionError(f"what sends raised {type_name(error)}") from error
