"""The rooms keep the order of their table; where loops and sleeps are; what an import costs."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import honeyhive_ext
from tests.support import rooms

ROOT = rooms.ROOT
PACKAGE = rooms.PACKAGE
MODULES = rooms.modules()
GENERATED = sorted((ROOT / "generated").rglob("*.py"))
ROWS = rooms.table()
RULES = rooms.rules()
LOOSE = {"__init__.py", "py.typed"}  # besides the files of the table


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, and the names it takes from them."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_table_names_every_room_and_nothing_lies_loose() -> None:
    print("\n".join(f"{number:2d}  {', '.join(row)}" for number, row in enumerate(ROWS, 1)))
    listed = [name for row in ROWS for name in row]
    assert len(listed) == len(set(listed)) > 10
    folders = {p.name for p in PACKAGE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    files = {p.name for p in PACKAGE.iterdir() if p.is_file()} - LOOSE
    assert folders | {name.removesuffix(".py") for name in files} == set(listed)


def test_no_import_leads_up_the_table() -> None:
    pairs = [sorted(pair) for pair in rooms.allowed_pairs()]
    known = {f"{a} -> {b}" for a, b in pairs} | {f"{b} -> {a}" for a, b in pairs}
    assert [edge for edge in rooms.upward(rooms.graph(), ROWS) if edge not in known] == []


def test_there_is_no_circle_of_imports() -> None:
    found = [
        circle for circle in rooms.circles(rooms.graph()) if frozenset(circle) not in rooms.allowed_pairs()
    ]
    assert found == []


def test_a_circle_and_an_import_upwards_would_be_found(tmp_path: Path) -> None:
    package = tmp_path / "honeyhive_ext"
    for name, text in {
        "low/a": "from honeyhive_ext.high import b",
        "high/b": "from honeyhive_ext.low.a import x",
        "high/__init__": "",
        "low/__init__": "",
        "__init__": "",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / f"{name}.py").write_text(text)
    edges = rooms.graph(package)
    assert rooms.upward(edges, [("high",), ("low",)]) == ["honeyhive_ext.low.a -> honeyhive_ext.high.b"]
    assert rooms.circles(edges) == [["honeyhive_ext.high.b", "honeyhive_ext.low.a"]]


def test_a_room_says_its_purpose_and_lists_what_is_public() -> None:
    for path in PACKAGE.rglob("__init__.py"):
        module = tree(path)
        first, *_ = (ast.get_docstring(module) or "").splitlines() or [""]
        assert first.endswith((".", ":")), path
        assert "__all__" in map(rooms.defines, module.body), path


def test_a_name_means_one_thing_in_the_whole_package() -> None:
    assert rooms.names_twice() == {}


def test_a_file_name_means_one_thing_in_the_whole_package() -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text("utf-8"))
    # a resource has a file in each room that it goes through
    resources = {tag["name"].lower() for tag in document["tags"]}
    assert {name: where for name, where in rooms.files_twice().items() if name not in resources} == {}


def test_no_file_has_the_name_of_what_its_package_loads_when_it_is_used() -> None:
    # An import of the file would put the module in the place of what the name means.
    for init in sorted(PACKAGE.rglob("__init__.py")):
        if "__getattr__" in init.read_text("utf-8"):
            package = importlib.import_module(".".join(init.parent.relative_to(ROOT).parts))
            assert not {*package.__all__} & {file.stem for file in init.parent.iterdir()}, init


def test_exported_names_say_that_they_are_of_the_package() -> None:
    for name in honeyhive_ext.__all__:
        value = getattr(honeyhive_ext, name)
        if isinstance(value, (type, types.FunctionType)):
            assert value.__module__ == "honeyhive_ext", name


def test_generated_code_does_not_know_the_handwritten_package() -> None:
    assert len(GENERATED) > 20
    for path in GENERATED:
        assert not [name for name in imported(path) if name.startswith("honeyhive_ext")], path


def test_only_rooms_that_say_so_touch_httpx() -> None:
    for name, path in MODULES.items():
        if "httpx" not in RULES.get(rooms.room(name), ""):
            assert not [one for one in imported(path) if one.split(".")[0] == "httpx"], name


def test_pure_rooms_open_nothing_and_wait_for_nothing() -> None:
    forbidden = {"socket", "asyncio", "subprocess", "requests", "urllib.request", "sqlite3", "time.sleep"}
    pure = [name for name in MODULES if "pure" in RULES.get(rooms.room(name), "")]
    assert len(pure) > 20
    for name in pure:
        assert not forbidden & set(imported(MODULES[name])), name
        nodes = list(ast.walk(tree(MODULES[name])))
        assert not [node for node in nodes if isinstance(node, (ast.Await, ast.AsyncFunctionDef))], name


def test_clients_hold_no_loop_and_no_branch_to_repeat() -> None:
    kinds = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.Try, ast.Match)
    twins = [name for name in MODULES if name.startswith("honeyhive_ext.client.aio")]
    assert len(twins) == 3
    for twin in twins:
        for name in (twin, twin.replace(".aio_", ".").replace(".aio", ".sync")):
            found = [ast.unparse(node) for node in ast.walk(tree(MODULES[name])) if isinstance(node, kinds)]
            assert not [text for text in found if not text.startswith("if TYPE_CHECKING:")], name


def test_only_one_room_sleeps() -> None:
    sleeping = set()
    for name, path in MODULES.items():
        if rooms.room(name) in ("local", "cli"):  # a server and a command wait for themselves
            continue
        text = ast.unparse(tree(path)).replace("asyncio.sleep(0)", "")  # that one only lets others run
        if re.search(r"\b(time|asyncio)\.sleep\b|import .*\bsleep\b", text):
            sleeping.add(rooms.room(name))
    assert sleeping == {"http"}


def test_no_file_is_long() -> None:
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: number for name, number in lines.items() if number > 310} == {}


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
        "honeyhive_ext.batch.aio_run",
        "honeyhive_ext.batch.pipeline",
        "honeyhive_ext.search",
        "honeyhive_ext.filters",
        "honeyhive_ext.results.trace_tree",
    )
    assert not [name for name in loaded if name.startswith(later)]
