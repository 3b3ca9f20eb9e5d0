"""Exceptions that a signal handler of the application raises while the code of this package runs."""

from __future__ import annotations

import signal


def from_a_signal_handler(error: BaseException) -> bool:
    """Return whether a handler that is installed now raised this exception.

    A handler that enforces a time limit, such as celery's, raises an Exception wherever the main thread is.
    What this package catches for another reason, such as an error of a value's own code, must not be such a
    time limit.
    """
    found = [signal.getsignal(number) for number in signal.valid_signals()]
    codes = {getattr(one, "__code__", None) or getattr(type(one).__call__, "__code__", None) for one in found}
    traceback = error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    return False
