"""How a test runs pytest in its own process."""

from __future__ import annotations

# Plugins that the inner runs do not use and that take most of a short run's time.
OPTIONS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio", "-W", "error")
