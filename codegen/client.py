"""openapi.yaml -> honeyhive_client, by openapi-python-client and the templates of this folder."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from codegen.document import Document
from codegen.errors import GenerationError
from codegen.prepare import prepared

TEMPLATES = Path(__file__).resolve().parent / "templates"


def write_client(document: Document, config: Path, target: Path) -> None:
    """Generate the low-level client into `target`, which must not exist yet.

    A warning is a failure. If the generator cannot handle an operation, it leaves it out with a warning and
    exits with 0.

    Raises:
        GenerationError: The generator failed or warned; the message is its output.
    """
    if target.exists():
        raise GenerationError(f"{target} exists: the generator would leave stale files in it")
    # The generator has sets of enum values and imports; a fixed hash seed fixes their order.
    env = {**os.environ, "PYTHONHASHSEED": "0", "NO_COLOR": "1", "COLUMNS": "120"}
    with tempfile.TemporaryDirectory() as scratch:
        spec = Path(scratch) / "openapi.json"
        spec.write_text(json.dumps(prepared(document.spec)), "utf-8")
        command = [sys.executable, "-m", "openapi_python_client", "generate", "--fail-on-warning"]
        command += ["--meta", "none", "--path", str(spec), "--config", str(config)]
        command += ["--custom-template-path", str(TEMPLATES), "--output-path", str(target)]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GenerationError(f"openapi-python-client failed:\n{done.stdout}{done.stderr}".rstrip())
    drop_empty_modules(target)


def drop_empty_modules(package: Path) -> None:
    """Delete the empty modules of free-form objects, which are plain dicts and have no class."""
    for module in package.rglob("*.py"):
        if not module.read_text("utf-8").strip():
            module.unlink()
