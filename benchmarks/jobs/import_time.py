"""CPU of importing, over the bare interpreter."""

from __future__ import annotations

from benchmarks.job import Job, Must, Program

OURS = "from honeyhive_ext import HoneyHive"
BARE = "bare Python"

JOB = Job(
    name="import-time",
    title="import over bare Python",
    step=0,
    subtract=BARE,
    rows=(
        Program(BARE, "pass"),
        Program(
            "official SDK: from honeyhive import HoneyHive", "from honeyhive import HoneyHive", env="sdk"
        ),
        Program("import httpx", "import httpx"),
        Program("import httpx, orjson", "import httpx, orjson"),
        Program("import aiohttp", "import aiohttp"),
        Program("import http.client", "import http.client"),
        Program("import honeyhive_ext", "import honeyhive_ext"),
        Program(OURS, OURS),
        Program(
            "from honeyhive_client import AuthenticatedClient",
            "from honeyhive_client import AuthenticatedClient",
        ),
        Program("import honeyhive_schemas", "import honeyhive_schemas"),
    ),
    musts=(
        Must(OURS, "import httpx", 0.35, then=0.1, says="`from honeyhive_ext import HoneyHive`"),
        Must("import honeyhive_ext", "import httpx", 0.35, then=0.1),
    ),
)
