"""Checks the versions of the generator and the formatter: other versions write other bytes."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from codegen.errors import GenerationError

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
TOOLS = ("openapi-python-client", "ruff")


def pinned_versions(pyproject: Path = PYPROJECT) -> dict[str, str]:
    """Return the exact versions that the dependency group `codegen` names.

    Raises:
        GenerationError: A tool is not pinned with `==`.
    """
    group = tomllib.loads(pyproject.read_text("utf-8"))["dependency-groups"]["codegen"]
    pins = dict(line.split("==", 1) for line in group if "==" in line)
    for tool in TOOLS:
        if tool not in pins:
            raise GenerationError(f"{pyproject.name}: pin {tool} with == in the dependency group codegen")
    return {tool: pins[tool] for tool in TOOLS}


def check_versions(pyproject: Path = PYPROJECT) -> None:
    """Compare the installed tools with the pins.

    Raises:
        GenerationError: A tool is missing or has another version; the message says how to install it.
    """
    for tool, wanted in pinned_versions(pyproject).items():
        try:
            found = version(tool)
        except PackageNotFoundError:
            found = "none"
        if found != wanted:
            raise GenerationError(
                f"{tool} is version {found}, not {wanted}: run `nox -s generate`, or install the "
                "dependency group codegen (`pip install --group codegen`)"
            )
