"""Install a wheel in empty environments and use it: alone, with each extra, next to the official SDK."""

from __future__ import annotations

import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
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
"""

USE_BOTH = """
import honeyhive, honeyhive_ext, honeyhive_client
from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer
with LocalServer() as server, HoneyHive(api_key="hh_test", base_url=server.url) as hh:
    sent = hh.events.create("model", inputs={"q": "hi"})
    assert hh.events.get(sent.event_id).inputs == {"q": "hi"}
"""

USE_COMMAND = """
from honeyhive_ext.cli import main
assert main(["upstream", {document!r}, "--quiet"]) == 0
assert main(["completion", "bash"]) == main(["agent-help"]) == 0
"""

# What each place says that the version is; the last one sends a request to a socket of its own.
VERSIONS = """
import importlib.metadata, socket, threading
import honeyhive_ext
from honeyhive_ext import HoneyHive, HoneyHiveError
print("honeyhive_ext.__version__", honeyhive_ext.__version__, sep="=")
print("importlib.metadata", importlib.metadata.version("honeyhive-ext"), sep="=")
heard = []
def answer(listening):
    connection, _ = listening.accept()
    with connection:
        heard.append(connection.recv(65536).decode())
        connection.sendall(b"HTTP/1.1 404 Not Found\\r\\ncontent-length: 0\\r\\n\\r\\n")
with socket.create_server(("127.0.0.1", 0)) as listening:
    thread = threading.Thread(target=answer, args=(listening,))
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    with HoneyHive("hh_test", base_url=url, retry=False) as hh:
        try:
            hh.events.get("caf77ace-3417-4da4-944d-f4a0688f3c23")
        except HoneyHiveError:
            pass
    thread.join()
(agent,) = [line for line in heard[0].splitlines() if line.lower().startswith("user-agent:")]
print("User-Agent", agent.partition("honeyhive-ext/")[2].split()[0], sep="=")
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

IMPORT_TIME = """
import time
began = time.perf_counter()
{imports}
print(time.perf_counter() - began)
"""

SERVED = """
from honeyhive_ext import HoneyHive
from honeyhive_ext.local import LocalServer
with LocalServer() as server, HoneyHive(server.api_key, base_url=server.url) as hh:
    hh.events.create("tool", event_name="kept", inputs={"n": 1})
    assert server.events()[0]["event_name"] == "kept"
"""

# A server of few lines, for extras that install none: it answers a search with one event.
ANSWERED = """
import json, threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from honeyhive_ext import HoneyHive
EVENT = {"event_type": "tool", "event_id": "caf77ace-3417-4da4-944d-f4a0688f3c23", "start_time": 5}
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps({"events": [] if asked.get("page", 1) > 1 else [EVENT], "count": 1}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
service = HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=service.serve_forever, daemon=True).start()
hh = HoneyHive("hh_test", base_url=f"http://127.0.0.1:{service.server_port}")
found = hh.events.search(limit=1)
"""


@dataclass(frozen=True)
class Extra:
    """What an extra is for: what a program imports, and a program that needs it."""

    imports: str
    use: str


VALIDATE = """
import honeyhive_schemas
honeyhive_schemas.validate("CreateEventRequest", {"event_type": "tool", "inputs": {}})
"""

EXTRAS = {
    "schemas": Extra("import jsonschema, honeyhive_schemas", VALIDATE),
    "schemas-fast": Extra(
        "import jsonschema_rs, honeyhive_schemas",
        """
import honeyhive_schemas
assert honeyhive_schemas.validator("CreateEventRequest", backend="jsonschema-rs").is_valid(
    {"event_type": "tool", "inputs": {}}
)
""",
    ),
    "local": Extra("from honeyhive_ext.local import LocalServer", SERVED),
    "cli": Extra(
        "import honeyhive_ext.cli, rich.table, ruamel.yaml, shtab",
        f"{USE_COMMAND.format(document=str(ROOT / 'openapi.yaml'))}\n{SERVED}",
    ),
    "progress": Extra("import tqdm", f"{ANSWERED}\nassert len(found.to_list(progress=True)) == 1"),
    "export": Extra(
        "import honeyhive_ext.export, pyarrow.parquet",
        f"""{ANSWERED}
import tempfile
from honeyhive_ext.export import read_parquet
with tempfile.TemporaryDirectory() as folder:
    assert found.to_parquet(f"{{folder}}/events.parquet") == 1
    assert [event["event_id"] for event in read_parquet(f"{{folder}}/events.parquet")] == [EVENT["event_id"]]
""",
    ),
    "pandas": Extra("import pandas", f"{ANSWERED}\nassert len(found.to_dataframe()) == 1"),
    "polars": Extra("import polars", f'{ANSWERED}\nassert len(found.to_dataframe("polars")) == 1'),
    "testing": Extra(
        "import honeyhive_ext.testing",
        """
from honeyhive_ext.testing import events
from hypothesis import find
assert find(events(), lambda event: True)["event_type"]
""",
    ),
    "fast-async": Extra(
        "from honeyhive_ext.transports import AiohttpTransport",
        f"""{ANSWERED}
import asyncio
from honeyhive_ext import AsyncHoneyHive
from honeyhive_ext.transports import AiohttpTransport
async def search():
    url = f"http://127.0.0.1:{{service.server_port}}"
    async with AsyncHoneyHive("hh_test", base_url=url, transport=AiohttpTransport()) as ahh:
        return await ahh.events.search(limit=1).to_list()
assert len(asyncio.run(search())) == 1
""",
    ),
    "otel": Extra(
        "import honeyhive_ext.otel, opentelemetry.sdk.trace",
        """
from honeyhive_ext.otel import HoneyHiveSpanProcessor
from honeyhive_ext import HoneyHive
from opentelemetry.sdk.trace import TracerProvider
hh = HoneyHive("hh_test", base_url="http://127.0.0.1:9", retry=False)
provider = TracerProvider()
provider.add_span_processor(HoneyHiveSpanProcessor(hh))
with provider.get_tracer("app").start_as_current_span("plan"):
    pass
assert hh.stats().accepted == 1, hh.stats()
hh.close(timeout=0.01)
""",
    ),
    "all": Extra(
        "import honeyhive_ext.cli, honeyhive_ext.otel, honeyhive_ext.export, pyarrow.parquet, rich.table",
        SERVED,
    ),
}


class Environment:
    """An empty virtual environment in a folder, with nothing but what is installed there."""

    def __init__(self, folder: Path) -> None:
        venv.EnvBuilder(with_pip=False).create(folder)
        self.folder = folder
        self.python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"

    def pip(self, *words: str) -> None:
        command = [sys.executable, "-m", "pip", "--python", str(self.python), "--quiet", *words]
        subprocess.run(command, check=True)

    def run(self, code: str) -> str:
        return self.tried(code, check=True).stdout.strip()

    def tried(self, code: str, *, check: bool = False) -> subprocess.CompletedProcess[str]:
        # -I: neither the current folder nor PYTHONPATH may stand in for the installed packages
        command = [self.python, "-I", "-c", code]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if check and done.returncode:
            raise SystemExit(f"{code}\nfailed in {self.folder.name}:\n{done.stdout}{done.stderr}")
        return done

    def size(self) -> int:
        """The bytes of all files that were installed."""
        (packages,) = self.folder.glob("[Ll]ib/**/site-packages")
        return sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())

    def import_seconds(self, imports: str) -> float:
        """The shortest time of five that these imports take in a new process."""
        return min(float(self.run(IMPORT_TIME.format(imports=imports))) for _ in range(5))


def versions(alone: Environment) -> dict[str, str]:
    """Return what an installed wheel says of its version, by the place that says it."""
    found = dict(line.split("=") for line in alone.run(VERSIONS).splitlines())
    command = [alone.python.with_name("honeyhive-ext"), "--version"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {**found, "honeyhive-ext --version": done.stdout.split()[-1]}


def alone(wheel: Path, folder: Path) -> Environment:
    """Install a wheel with nothing but its dependencies, use it, and return the environment."""
    environment = Environment(folder / "none")
    environment.pip("install", str(wheel))
    environment.run(USE_ALONE)
    return environment


def extras(wheel: Path, bare: Environment) -> Iterator[str]:
    """Install each extra alone and use it; yield a row of what it costs.

    Without it, in the environment `bare`, the same program must fail and name the extra.
    """
    yield f"{'extra':<12}{'installed':>12}{'import':>11}"
    yield _row("(none)", bare, "from honeyhive_ext import HoneyHive")
    for name, extra in EXTRAS.items():
        if name != "all":
            without = bare.tried(extra.use)
            if without.returncode == 0 or f"honeyhive-ext[{name}]" not in without.stderr:
                raise SystemExit(f"without extra {name}, the error does not name it:\n{without.stderr}")
        environment = Environment(bare.folder.with_name(name))
        environment.pip("install", f"{wheel}[{name}]")
        environment.pip("check")
        environment.run(extra.use)
        yield _row(name, environment, extra.imports)


def _row(name: str, environment: Environment, imports: str) -> str:
    megabytes, seconds = environment.size() / 1e6, environment.import_seconds(imports)
    return f"{name:<12}{megabytes:>9.1f} MB{seconds * 1e3:>8.0f} ms"


def beside(wheel: Path, folder: Path) -> str:
    """Install a wheel next to the official SDK and remove it; say that no file of the SDK changed."""
    environment = Environment(folder / "beside")
    environment.pip("install", "honeyhive")
    before = environment.run(DIGEST)
    environment.pip("install", f"{wheel}[cli]")
    environment.pip("check")
    environment.run(USE_COMMAND.format(document=str(ROOT / "openapi.yaml")))
    environment.run(USE_BOTH)
    if environment.run(DIGEST) != before:
        raise SystemExit("installing this package changed files of the official SDK")
    environment.pip("uninstall", "--yes", "honeyhive-ext")
    if environment.run(DIGEST) != before:
        raise SystemExit("removing this package changed files of the official SDK")
    environment.run("import honeyhive")
    return "next to the official SDK: both work in one process, and none of its files changed"
