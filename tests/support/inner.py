"""How a test runs pytest in its own process."""

from __future__ import annotations

# Plugins that the inner runs do not use and that take most of a short run's time.
UNUSED = ("cacheprovider", "hypothesispytest", "anyio", "langsmith_plugin")
OPTIONS = (*(word for name in UNUSED for word in ("-p", f"no:{name}")), "-W", "error")
