"""The library of the clients and transports that tests give to ours: httpx, or what the environment names."""

from __future__ import annotations

import importlib
import os
from typing import Any

LIBRARY: Any = importlib.import_module(os.environ.get("HONEYHIVE_TEST_HTTPX", "httpx"))
