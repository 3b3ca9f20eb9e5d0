"""Real libraries with a faked HTTP transport, against the local server: `nox -s integrations`.

The ordinary suite runs without these libraries; nothing of this folder is collected there.
"""

from __future__ import annotations

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("openinference") else ["test_*.py"]
