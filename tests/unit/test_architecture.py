"""Which room may import which, where loops and sleeps are, and what an import costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "honeyhive_ext"
MODULES = sorted(PACKAGE.rglob("*.py"))
GENERATED = sorted((ROOT / "generated").rglob("*.py"))

# Pure rooms: values in, decisions out.
PURE = (
    "retry",
    "exchange",
    "failures",
    "calls",
    "config",
    "events",
    "encoding",
    "encoders",
    "fields",
    "times",
    "ids",
    "columns",
    "plain_trees",
)
SHELLS = ("client", "aio")
HTTP = {
    "transport",
    "sending",
    "pool",
    "exchange",
    "failures",
    *SHELLS,
}  # whose types or objects of httpx they handle
SLEEPERS = {"transport"}
APART = ("local", "cli")  # these serve and command; the client does without them


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path, *, everywhere: bool = True) -> Iterator[str]:
    """Every module that a file imports; at its top level alone if not `everywhere`."""
    module = tree(path)
    nodes = ast.walk(module) if everywhere else iter(_at_import(module.body))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = path.relative_to(path.parents[len(path.parents) - 1]).with_suffix("").parts
                package = list(parts[parts.index("honeyhive_ext") :]) if "honeyhive_ext" in parts else []
                base = ".".join([*package[: -node.level], base])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for inner in ("body", "orelse", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from _at_import(getattr(node, inner, []))


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def is_apart(path: Path) -> bool:
    return room(path).split("/")[0] in (*APART, "pytest_plugin")


def test_generated_code_does_not_know_the_handwritten_package() -> None:
    assert len(GENERATED) > 20
    for path in GENERATED:
        assert not [name for name in imported(path) if name.startswith("honeyhive_ext")], path


def test_only_the_transport_and_its_neighbours_touch_httpx() -> None:
    touching = {
        room(p) for p in MODULES if not is_apart(p) and any(n.split(".")[0] == "httpx" for n in imported(p))
    }
    assert {name for name in touching if not name.startswith("transports/")} <= HTTP, touching


@pytest.mark.parametrize("name", PURE)
def test_pure_rooms_open_nothing_and_wait_for_nothing(name: str) -> None:
    forbidden = {"socket", "asyncio", "subprocess", "requests", "urllib.request", "sqlite3"}
    path = PACKAGE / f"{name}.py"
    assert not forbidden & set(imported(path)), name
    assert not [node for node in ast.walk(tree(path)) if isinstance(node, (ast.Await, ast.AsyncFunctionDef))]


@pytest.mark.parametrize("name", [*PURE, *SHELLS])
def test_pure_rooms_and_shells_do_not_import_the_transport_s_drivers(name: str) -> None:
    if name in SHELLS:
        assert not any(
            n.endswith((".exchange", ".sending", ".pool", ".failures"))
            for n in imported(PACKAGE / f"{name}.py")
        )
    else:
        assert "honeyhive_ext.http.sender" not in set(imported(PACKAGE / f"{name}.py"))


@pytest.mark.parametrize("name", [*SHELLS, "resources", "aio_resources"])
def test_shells_hold_no_loop_and_no_branch_to_repeat(name: str) -> None:
    kinds = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Try, ast.Match)
    found = [ast.unparse(n) for n in ast.walk(tree(PACKAGE / f"{name}.py")) if isinstance(n, kinds)]
    assert not [text for text in found if not text.startswith("if TYPE_CHECKING:")]


def test_only_the_transport_sleeps() -> None:
    sleeping = set()
    for path in MODULES:
        if is_apart(path):
            continue
        text = ast.unparse(tree(path)).replace("asyncio.sleep(0)", "")  # that one only lets others run
        if re.search(r"\b(time|asyncio)\.sleep\b|import .*\bsleep\b", text):
            sleeping.add(room(path))
    assert sleeping == SLEEPERS


def test_the_client_does_not_import_the_server_or_the_command_line() -> None:
    for path in MODULES:
        if not is_apart(path):
            names = set(imported(path, everywhere=False))
            assert not [n for n in names if n.startswith(tuple(f"honeyhive_ext.{a}" for a in APART))], path


def test_no_file_is_long() -> None:
    long = {room(p): n for p in MODULES if (n := len(p.read_text(encoding="utf-8").splitlines())) > 310}
    assert long == {}


def test_importing_the_package_loads_only_what_a_client_needs() -> None:
    program = "import sys, honeyhive_ext; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(done.stdout.split())
    heavy = {"jsonschema", "jsonschema_rs", "tqdm", "rich", "pandas", "numpy", "pyarrow", "sqlite3", "pytest"}
    apart = {"honeyhive_ext.local", "honeyhive_ext.cli", "honeyhive_schemas", "http.server"}
    assert "honeyhive_ext" in loaded
    assert not (heavy | apart) & loaded


def test_a_client_of_an_http_url_loads_no_certificates() -> None:
    program = """
import ssl, sys
def refuse(*args, **kwargs):
    raise SystemExit("certificates were loaded")
ssl.SSLContext.load_verify_locations = ssl.SSLContext.load_default_certs = refuse
from honeyhive_ext.client.sync import HoneyHive
from honeyhive_ext.errors import APIConnectionError
for url in ("http://127.0.0.1:9", "https://127.0.0.1:9"):
    with HoneyHive("hh_1", base_url=url, retry=False) as hh:
        try:
            hh.events.get("caf77ace-3417-4da4-944d-f4a0688f3c23")
        except APIConnectionError:
            print("plain")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.stdout, done.stderr.strip()) == ("plain\n", "certificates were loaded")


@pytest.mark.parametrize(
    "made",
    [
        "with honeyhive_ext.HoneyHive('hh_1', base_url='http://127.0.0.1:9'): pass",
        "import asyncio; asyncio.run(honeyhive_ext.AsyncHoneyHive('hh_1', base_url='http://127.0.0.1:9').close())",
    ],
)
def test_batches_and_searches_are_loaded_when_one_begins(made: str) -> None:
    program = f"import sys, honeyhive_ext\n{made}\nprint(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(done.stdout.split())
    assert "honeyhive_ext.http.sender" in loaded
    later = (
        "honeyhive_ext.batch.run",
        "honeyhive_ext.search",
        "honeyhive_ext.filters",
        "honeyhive_ext.results.trace_tree",
    )
    assert not [name for name in loaded if name.startswith(later)]
