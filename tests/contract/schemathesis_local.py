"""Schemathesis against the local server: requests made from openapi.yaml, answers checked by it.

    nox -s schemathesis

Runs the server as a user runs it, with a key, and every check that Schemathesis has. Two refusals of requests
that Schemathesis holds to be valid are right, and the check below allows them and no others, by their failing
paths:

- a filter whose value is not of the type it names, which the document cannot say (switch `filter_type`);
- a session_id in a path that is not a UUID: Schemathesis takes it over from the body of a session, where any
  text is allowed and gives way to an id that the server makes. For the same reason the check that a created
  resource is there (ensure_resource_availability) is left out: it asks for the session by that text.
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

[[operations]]
include-operation-id = "createSessionEventBatch"
checks.positive_data_acceptance.expected-statuses = ["200", "400", "404"]
"""
ALLOWED = {
    "POST /v1/events/search": re.compile(r"filters\[\d+\]\.(value|field)"),
    "POST /v1/sessions/{session_id}/events/batch": re.compile("session_id"),
}


def allowed(operation: str, body: dict[str, Any]) -> bool:
    """Whether an error body names only what the operation may refuse."""
    paths = [one["path"] for one in body.get("errors", [])]
    return bool(paths) and all(ALLOWED[operation].fullmatch(path) for path in paths)


def run(*arguments: str) -> int:
    """Serve, test, stop; the exit status of Schemathesis."""
    sys.path[:0] = [str(ROOT)]
    from tests.support.serving import serving

    with tempfile.TemporaryDirectory() as folder, serving("--api-key", KEY) as server:
        config = Path(folder, "schemathesis.toml")
        config.write_text(CONFIG)
        command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(config)]
        command += ["run", str(ROOT / "openapi.yaml"), "--url", server.url, "--checks", "all"]
        command += ["--exclude-checks", "ensure_resource_availability"]
        command += ["--no-color", *(arguments or ("--max-examples", "50", "--generation-deterministic"))]
        return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))

if "schemathesis" in sys.modules:  # loaded by Schemathesis as its hooks
    import schemathesis

    @schemathesis.check
    def only_the_two_refusals_above(context: Any, response: requests.Response, case: Any) -> None:
        """A 400 to a request that follows the document names what it may name."""
        positive = case.meta is not None and case.meta.generation.mode.is_positive
        operation: str = case.operation.label
        if positive and response.status_code == 400 and operation in ALLOWED:
            assert allowed(operation, response.json()), response.text
