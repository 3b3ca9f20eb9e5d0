"""A HoneyHive server on this machine, to develop and test against.

>>> from honeyhive_ext.local import LocalServer
>>> import httpx
>>> with LocalServer() as server:
...     answer = httpx.post(
...         f"{server.url}/v1/events",
...         json={"event_type": "tool", "inputs": {}},
...         headers={"Authorization": "Bearer any"},
...     )
...     answer.status_code, [event["event_type"] for event in server.events()]
(200, ['tool'])
"""

from __future__ import annotations

from honeyhive_ext.local.faults.fault import Fault
from honeyhive_ext.local.faults.rules import Faults, Rule
from honeyhive_ext.local.leases import LateRequests
from honeyhive_ext.local.log import LoggedRequest, RequestLog
from honeyhive_ext.local.message import Request, Response
from honeyhive_ext.local.server import LocalServer
from honeyhive_ext.local.switches import Switches, SwitchOptions

__all__ = [
    "Fault",
    "Faults",
    "LateRequests",
    "LocalServer",
    "LoggedRequest",
    "Request",
    "RequestLog",
    "Response",
    "Rule",
    "SwitchOptions",
    "Switches",
]
