"""Send entries over the path of `create_batch`, and tell what became of each."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from honeyhive_ext.background.entry import Entry
from honeyhive_ext.background.grouping import Group, grouped
from honeyhive_ext.batch.options import BatchOptions
from honeyhive_ext.batch.run import BatchSender, deliver
from honeyhive_ext.errors import APIError, APIStatusError, HoneyHiveError
from honeyhive_ext.http.operations import DELIVERED, resumed, resuming, updating
from honeyhive_ext.http.retry import Decision, classify
from honeyhive_ext.payload.events import WireEvent

CERTAIN = frozenset({"refused", "too_large"})  # the failures of a batch that no other attempt changes


@define
class Sent:
    """What became of some entries. Those that are in no list wait again.

    Attributes:
        delivered: The service confirmed them.
        rejected: The service refused them, with the word for it.
        reasons: The errors of the refusals, one for each word.
        error: Why others wait again; None if they may be sent at once.
    """

    delivered: list[Entry] = field(factory=list[Entry])
    rejected: list[tuple[Entry, str]] = field(factory=list[tuple[Entry, str]])
    reasons: dict[str, HoneyHiveError] = field(factory=dict[str, HoneyHiveError])
    error: HoneyHiveError | None = None

    def refuse(self, group: Group, reason: str, error: HoneyHiveError) -> None:
        """Note that a group is refused. If it has several entries, each is sent alone first."""
        if len(group.entries) > 1:
            for entry in group.entries:
                entry.alone = True
            return
        self.rejected.append((group.entries[0], reason))
        self.reasons.setdefault(reason, error)


def send_entries(sender: BatchSender, entries: Sequence[Entry], options: BatchOptions, sent: Sent) -> None:
    """Send entries: the events in one batch, and then updates and what resumes sessions, one after the other.

    Args:
        sender: Sends each request once; it does not retry.
        entries: In the order of acceptance.
        options: Of the batch, with `on_error="collect"`.
        sent: Is told what became of them, as soon as it is known.
    """
    events: dict[str, Group] = {}
    updates: list[Group] = []
    later: set[str] = set()  # an answer names ids, so a request has each id once
    for group in grouped(entries):
        if group.event_id in later:
            continue
        if group.update or group.resumes:
            updates.append(group)
        elif group.event_id in events:
            later.add(group.event_id)
        else:
            events[group.event_id] = group
    if events:
        _send_events(sender, list(events.values()), options, sent)
    waiting = {entry.event_id for group in events.values() for entry in group.entries if entry.alone} - {
        entry.event_id for entry in sent.delivered
    }
    for group in updates:
        if sent.error is not None:
            break
        if group.event_id not in waiting and group.event_id not in later:
            _send_update(sender, group, options, sent)


def _send_events(sender: BatchSender, groups: list[Group], options: BatchOptions, sent: Sent) -> None:
    wires = [WireEvent(group.event_id, None, group.content) for group in groups]
    report = deliver(sender, wires, options)
    failed: set[int] = set()
    for failure in report.failures:
        failed.add(failure.index)
        if failure.reason in CERTAIN:
            sent.refuse(groups[failure.index], failure.reason, failure.error)
        elif _is_gone(failure.error):
            sent.refuse(groups[failure.index], "refused", failure.error)
        else:
            sent.error = sent.error or failure.error
    for index, group in enumerate(groups):
        if index not in failed:
            sent.delivered += group.entries


def _send_update(sender: BatchSender, group: Group, options: BatchOptions, sent: Sent) -> None:
    try:
        if group.resumes:
            call = resuming(group.content)
            reply = sender.send(call, retry=options.policy, timeout=options.timeout, accept=DELIVERED)
            call = resumed(group.content, reply)
        else:
            call = updating(group.event_id, group.content)
        sender.send(call, retry=options.policy, timeout=options.timeout)
    except APIError as error:
        decision = classify(error.status) if isinstance(error, APIStatusError) else None
        if decision is Decision.SPLIT:
            sent.refuse(group, "too_large", error)
        elif decision in (Decision.REFUSED, Decision.DELIVERED) or _is_gone(error):
            sent.refuse(group, "refused", error)
        else:
            sent.error = error
    else:
        sent.delivered += group.entries


def _is_gone(error: HoneyHiveError) -> bool:
    """Return whether the service says that this address takes nothing any more (RFC 9110, 15.5.11)."""
    return isinstance(error, APIStatusError) and error.status == 410
