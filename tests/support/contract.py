"""What the contract tests share: the document, every example in it, and runs of the code generation."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "openapi.yaml"
CONFIG = ROOT / "generator-config.yml"
GENERATED = ROOT / "generated"
HEADER = "Generated from openapi.yaml by `nox -s generate`."


@functools.cache
def document() -> dict[str, Any]:
    """Return openapi.yaml, read by another YAML library than the one that generates."""
    loaded: dict[str, Any] = yaml.safe_load(SPEC.read_text("utf-8"))
    return loaded


def generate(*arguments: str, hash_seed: int = 1) -> subprocess.CompletedProcess[str]:
    """Run the code generation as nox does."""
    env = {**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "codegen.generate", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def python(code: str, *, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter, with `path` and this checkout before everything else on sys.path."""
    paths = os.pathsep.join((str(path or GENERATED), str(ROOT)))
    env = {**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT / "docs", env=env, capture_output=True, text=True, check=False)


Example = tuple[str, Any, Any]  # where it stands, the schema, the value


def examples(node: Any = None, where: str = "#") -> Iterator[Example]:
    """Return every example in the document, with the schema it must follow."""
    if node is None:
        node = document()
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from examples(item, f"{where}/{index}")
    if not isinstance(node, Mapping):
        return
    schema = node.get("schema", node)
    if "example" in node:
        yield f"{where}/example", schema, node["example"]
    if isinstance(node.get("examples"), list):
        for index, value in enumerate(node["examples"]):
            yield f"{where}/examples/{index}", node, value
    if isinstance(node.get("examples"), Mapping):
        for name, example in node["examples"].items():
            yield f"{where}/examples/{name}", schema, example["value"]
    for key, inner in node.items():
        if key not in ("example", "examples", "enum", "default"):
            yield from examples(inner, f"{where}/{key.replace('/', '~1')}")
