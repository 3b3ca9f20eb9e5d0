"""Where the programs from npm are: `nox -s contract_node` installs them and names the folder."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = Path(os.environ.get("HONEYHIVE_NODE_MODULES", ROOT / "tests" / "node" / "node_modules"))
