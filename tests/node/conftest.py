"""These tests need packages from npm: `nox -s contract_node` runs them, the ordinary run collects none."""

from __future__ import annotations

from tests.node.support import NODE_MODULES

collect_ignore_glob = [] if NODE_MODULES.is_dir() else ["test_*.py"]
