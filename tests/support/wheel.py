"""Install a wheel in empty environments, alone and next to the official SDK, and use it there.

Run as `python -m tests.support.wheel dist/honeyhive_ext-….whl`; any failure ends it with an error.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

USE_ALONE = """
import sys
import honeyhive_client, honeyhive_schemas, honeyhive_ext
from honeyhive_client.models import CreateEventRequest
from honeyhive_ext import AsyncHoneyHive, F, HoneyHive
assert "PostEventRequest" in honeyhive_schemas.names()
assert CreateEventRequest(event_type="model", inputs={"q": "hi"}).to_dict()["inputs"] == {"q": "hi"}
assert "honeyhive" not in sys.modules
from honeyhive_ext.local.viewer.assets import assets
assert {"index.html", "style.css", "main.js", "tree.js", "icon.svg"} <= set(assets()), sorted(assets())
print(f"alone: the trace page has {len(assets())} files")
print("alone: the three packages import and work with the runtime dependencies only")
"""

USE_BOTH = """
import honeyhive, honeyhive_ext, honeyhive_client
from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer
with LocalServer() as server, HoneyHive(api_key="hh_test", base_url=server.url) as hh:
    sent = hh.events.create("model", inputs={"q": "hi"})
    assert hh.events.get(sent.event_id).inputs == {"q": "hi"}
print("beside: both import in one process, and events go round")
"""

USE_COMMAND = """
from honeyhive_ext.cli import main
assert main(["upstream", {document!r}, "--quiet"]) == 0
assert main(["completion", "bash"]) == main(["agent-help"]) == 0
print("beside: the command compares documents, completes, and has its guide")
"""

# The hash of every file that the official distribution installed, by its own RECORD.
DIGEST = """
import hashlib, importlib.metadata as m
files = sorted(f for f in m.files("honeyhive") if not str(f).endswith(".pyc"))
digest = hashlib.sha256()
for f in files:
    digest.update(str(f).encode() + f.locate().read_bytes())
print(len(files), digest.hexdigest())
"""


class Environment:
    """An empty virtual environment in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        venv.EnvBuilder(with_pip=True).create(folder)
        self.python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"

    def pip(self, *words: str) -> None:
        subprocess.run([self.python, "-m", "pip", "--quiet", *words], check=True)

    def run(self, code: str) -> str:
        # -I: neither the current folder nor PYTHONPATH may stand in for the installed packages
        done = subprocess.run([self.python, "-I", "-c", code], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.strip()


def main(wheel: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        alone = Environment(Path(folder) / "alone")
        alone.pip("install", wheel)
        print(alone.run(USE_ALONE))

        beside = Environment(Path(folder) / "beside")
        beside.pip("install", "honeyhive")
        before = beside.run(DIGEST)
        beside.pip("install", f"{wheel}[cli]")
        beside.pip("check")
        print(beside.run(USE_COMMAND.format(document=str(ROOT / "openapi.yaml"))))
        print(beside.run(USE_BOTH))
        if beside.run(DIGEST) != before:
            raise SystemExit("installing this package changed files of the official SDK")
        beside.pip("uninstall", "--yes", "honeyhive-ext")
        if beside.run(DIGEST) != before:
            raise SystemExit("removing this package changed files of the official SDK")
        beside.run("import honeyhive")
        print("beside: no file of the official SDK changed, by installing or by removing")


if __name__ == "__main__":
    main(*sys.argv[1:])
