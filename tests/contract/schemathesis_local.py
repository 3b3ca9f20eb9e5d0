"""Schemathesis against the local server: requests made from openapi.yaml, answers checked by it.

    nox -s schemathesis

Runs the server as a user runs it, with a key, and every check that Schemathesis has. One rule of the server
is stricter than the document can say: a filter whose value is not of the type it names is refused with 400
(switch `filter_type`). Such refusals are allowed for a search, but nothing else is: the check below reads
the failing paths.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests

ROOT = Path(__file__).parents[2]
KEY = "hh_schemathesis"
CONFIG = f"""
headers = {{ Authorization = "Bearer {KEY}" }}
hooks = "{Path(__file__).as_posix()}"

[[operations]]
include-operation-id = "searchEvents"
checks.positive_data_acceptance.expected-statuses = ["200", "400"]
"""
FILTER = re.compile(r"filters\[\d+\]\.(value|field)")


def refused_for_a_filter(body: dict[str, Any]) -> bool:
    """Whether an error body names filters and nothing else."""
    paths = [one["path"] for one in body.get("errors", [])]
    return bool(paths) and all(FILTER.fullmatch(path) for path in paths)


def run(*arguments: str) -> int:
    """Serve, test, stop; the exit status of Schemathesis."""
    sys.path[:0] = [str(ROOT)]
    from tests.support.serving import serving

    with tempfile.TemporaryDirectory() as folder, serving("--api-key", KEY) as server:
        config = Path(folder, "schemathesis.toml")
        config.write_text(CONFIG)
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
        command += ["run", str(ROOT / "openapi.yaml"), "--url", server.url, "--checks", "all"]
        command += ["--no-color", *(arguments or ("--max-examples", "50", "--generation-deterministic"))]
        return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))

if "schemathesis" in sys.modules:  # loaded by Schemathesis as its hooks
    import schemathesis

    @schemathesis.check
    def a_valid_search_is_refused_for_a_filter_only(
        context: Any, response: requests.Response, case: Any
    ) -> None:
        """A 400 to a search that follows the document names a filter."""
        positive = case.meta is not None and case.meta.generation.mode.is_positive
        if positive and response.status_code == 400 and case.operation.label == "POST /v1/events/search":
            assert refused_for_a_filter(response.json()), response.text
