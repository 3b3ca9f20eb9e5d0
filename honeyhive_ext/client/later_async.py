"""The background sender of `AsyncHoneyHive`: it sends in a thread, as that of `HoneyHive` does."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from honeyhive_ext.client.later import Later, connected
from honeyhive_ext.config.checks import seconds
from honeyhive_ext.http.pool import Pool
from honeyhive_ext.http.sender import AsyncSender, Sender
from honeyhive_ext.http.threads import in_free_thread, in_thread

if TYPE_CHECKING:
    from honeyhive_ext.background.background_options import Background
    from honeyhive_ext.background.stats import FlushReport
    from honeyhive_ext.batch.limits import ObservedSizeLimit
    from honeyhive_ext.client.coalesce import Finish
    from honeyhive_ext.config.retry_policy import RetryPolicy
    from honeyhive_ext.http.exchange import Accept, Call, Reply

SHORTEST = 0.001  # seconds for what is sent later, where creations that share requests took all the time


class FlushingAsyncSender(AsyncSender):
    """A sender whose calls that read first let what waits be sent.

    Attributes:
        later: What the same client sends later, or None.
    """

    later: Later | None = None

    async def send(
        self,
        call: Call,
        *,
        retry: RetryPolicy | bool | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - one attempt's
        accept: Accept = (),
    ) -> Reply:
        """Send a call as `AsyncSender.send` does."""
        if self.later is not None and (first := self.later.wait_before(call)):
            await in_free_thread(self.later.flush, first)
        return await super().send(call, retry=retry, timeout=timeout, accept=accept)


def build_later(
    given: Background | bool, sender: AsyncSender, observed: ObservedSizeLimit, *, on_its_loop: bool
) -> Later:
    """Return what a client sends later; see `Later`.

    Args:
        given: The option `background=`.
        sender: The client's sender.
        observed: The size that the service accepts, as the client knows it so far.
        on_its_loop: Whether only an event loop can send: the client or transport was given.
    """
    settings = sender.settings
    if not on_its_loop:
        plain = _plain(sender)
        return Later(given, settings, observed, partial(connected, plain), disconnect=plain.close)
    from honeyhive_ext.client.loop_sender import LastLoop, LoopSender

    loops = LastLoop()
    return Later(
        given, settings, observed, partial(LoopSender, sender, loops), loops.see, given_transport=True
    )


def _plain(sender: AsyncSender) -> Sender:
    """Return a sync sender with the settings and the retry budget of an async one."""
    made = object.__new__(Sender)
    pool = Pool(sender.settings.base_url, None, None, sender.clock, sender.settings.scrub, warn=False)
    made.__dict__ |= {**sender.__dict__, "_pool": pool}  # `connected` sets how it waits
    return made


async def close_all(finish: Finish, later: Later, sender: AsyncSender, limit: float) -> FlushReport:
    """Close a client, also if the task that waits for it is cancelled; see `HoneyHive.close`.

    Args:
        finish: Waits some seconds for creations that share requests.
        later: What the client sends later.
        sender: The client's sender.
        limit: Seconds for both, as for `HoneyHive.close`.
    """
    end = time.monotonic() + seconds(limit, "timeout")
    try:
        later.hurry()
        await finish(limit)
    finally:
        try:
            report = await in_thread(later.close, max(SHORTEST, end - time.monotonic()))
        finally:
            await sender.aclose()
    return report
