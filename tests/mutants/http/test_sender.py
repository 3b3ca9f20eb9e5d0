"""The clocks of a sender.

The promise: setting the machine's clock moves no deadline.
"""

from __future__ import annotations

import time

from honeyhive_ext.config.secrets import secret
from honeyhive_ext.config.settings import Settings
from honeyhive_ext.http.sender import Sender


def test_the_default_clock_is_monotonic() -> None:
    sender = Sender(Settings(base_url="http://127.0.0.1:9", api_key=secret("hh_1")))
    assert sender.clock is time.monotonic
    assert sender.sleep is time.sleep
