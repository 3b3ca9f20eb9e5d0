"""The one error of the spool: what the disk did not do, and what helps."""

from __future__ import annotations

import errno
from typing import Literal

from honeyhive_ext.errors import HoneyHiveError

SpoolReason = Literal[
    "full",  # no space left, a quota, or a limit on the size of files
    "max_bytes",  # the spool's own bound
    "too_large",  # a record above the largest one
    "disk",  # the device failed; after a failed sync the segment is not used any more
    "locks",  # the file system has no locks
    "files",  # the process has too many open files
    "folder",  # the folder cannot be used
    "unsupported",  # the operating system lacks what a spool needs
    "closed",  # the spool was closed
    "busy",  # a signal handler interrupted the change to a new segment
]

_REASONS: dict[int | None, SpoolReason] = {
    errno.ENOSPC: "full",
    errno.EDQUOT: "full",
    errno.EFBIG: "full",
    errno.EMFILE: "files",
    errno.ENFILE: "files",
    errno.ENOLCK: "locks",
    errno.ENOSYS: "locks",
    errno.EOPNOTSUPP: "locks",
    errno.EACCES: "folder",
    errno.EPERM: "folder",
    errno.ENOENT: "folder",
    errno.ENOTDIR: "folder",
    errno.EEXIST: "folder",
    errno.ELOOP: "folder",
    errno.EROFS: "folder",
    errno.ENAMETOOLONG: "folder",
}

_HELP: dict[SpoolReason, str] = {
    "full": "free space on its disk, or raise the quota or `ulimit -f`",
    "max_bytes": "raise max_spool_bytes, or look at why its events are not delivered",
    "too_large": "send smaller events",
    "disk": "look at the disk, or choose a folder on another one",
    "locks": "its file system has no locks (NFS without lockd?): choose a folder on a local disk",
    "files": "raise `ulimit -n`",
    "folder": "choose a folder that this user may write",
    "unsupported": "a spool needs fcntl.flock, which this system lacks: leave spool out",
    "closed": "the spool was closed",
    "busy": "a signal handler interrupted it",
}


class SpoolError(HoneyHiveError):
    """The spool did not keep a record, or cannot be used.

    Attributes:
        reason: What happened, a word for counters; see `SpoolReason`.
    """

    def __init__(self, reason: SpoolReason, place: object, detail: str = "") -> None:
        self.reason: SpoolReason = reason
        parts = [f"spool {place}", *([detail] if detail else []), _HELP[reason]]
        super().__init__(": ".join(parts))


def trouble(error: OSError, place: object) -> SpoolError:
    """Return the spool's error for one of the operating system.

    >>> trouble(OSError(28, "No space left on device"), "/var/spool/hh").reason
    'full'
    """
    return SpoolError(_REASONS.get(error.errno, "disk"), place, error.strerror or type(error).__name__)
