"""How a test runs pytest in a process of its own."""

from __future__ import annotations

# Plugins that the inner runs do not use and that take most of a short run's time.
OPTIONS = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:anyio", "-W", "error")
