"""The rooms of `honeyhive_ext` and what imports what, read from CONTRIBUTING.md and from the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "honeyhive_ext"
TABLE = ROOT / "CONTRIBUTING.md"
TOP = "honeyhive_ext"


def table(text: str | None = None) -> list[tuple[str, ...]]:
    """Return the rows of the table of rooms, from top to bottom; rooms of one row do not know one another."""
    text = TABLE.read_text("utf-8") if text is None else text
    part = text.partition("## Rooms")[2].partition("\n## ")[0]
    rows = [
        re.findall(r"`([\w./]+)`", line.split("|")[1]) for line in part.splitlines() if line.startswith("| `")
    ]
    return [tuple(name.removesuffix("/").removesuffix(".py") for name in row) for row in rows]


def rules(text: str | None = None) -> dict[str, str]:
    """Return the last column of the table, by room."""
    text = TABLE.read_text("utf-8") if text is None else text
    part = text.partition("## Rooms")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| `")]
    cells = [line.split("|")[3] for line in lines]
    return {name: cell for row, cell in zip(table(text), cells, strict=True) for name in row}


def allowed_pairs(text: str | None = None) -> set[frozenset[str]]:
    """Return pairs of files that may know each other, from the line that begins "Know each other:"."""
    text = TABLE.read_text("utf-8") if text is None else text
    found = re.findall(r"^Know each other: `([\w./]+)` and `([\w./]+)`", text, re.MULTILINE)
    return {
        frozenset(f"{TOP}.{path.removesuffix('.py').replace('/', '.')}" for path in pair) for pair in found
    }


def modules(package: Path = PACKAGE) -> dict[str, Path]:
    """Return every module by its dotted name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def room(module: str) -> str:
    """Return the room of a module; "" for the package itself."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path, known: Mapping[str, Path]) -> Iterator[tuple[str, ast.stmt]]:
    """Return the modules of the package that a file imports anywhere, for type checkers alone included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                if name in known or node.module in known:
                    yield (name if name in known else node.module), node


def handed_on(path: Path) -> set[str]:
    """Return modules whose names an `__init__` hands on lazily: it names them for type checkers alone."""
    if path.name != "__init__.py":
        return set()
    tree = ast.parse(path.read_text("utf-8"), str(path))
    if "lazy(__name__" not in ast.unparse(tree):
        return set()
    public = ast.unparse(tree).partition("__all__")[2]
    found = set()
    for block in tree.body:
        if not isinstance(block, ast.If) or "TYPE_CHECKING" not in ast.dump(block.test):
            continue
        for node in block.body:
            names = node.names if isinstance(node, ast.ImportFrom) else []
            if names and all(f"'{alias.name}'" in public for alias in names):
                found.add(getattr(node, "module", None) or "")
    return found


def graph(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Return the imports of each module; what an `__init__` hands on lazily is no import."""
    known = modules(package)
    return {
        name: {other for other, _ in imports(path, known) if other != name} - handed_on(path)
        for name, path in known.items()
    }


def upward(edges: Mapping[str, set[str]], rows: list[tuple[str, ...]]) -> list[str]:
    """Return imports that do not lead down the table, as `a -> b`."""
    level = {name: number for number, row in enumerate(rows) for name in row}
    found = []
    for module, others in edges.items():
        for other in others:
            inside, outside = room(module), room(other)
            if inside in ("", outside):
                continue
            if outside == "" or level[inside] >= level[outside]:
                found.append(f"{module} -> {other}")
    return sorted(found)


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Return groups of modules that import one another, directly or around corners (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for other in edges[module]:
            if other not in index:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], index[other])
        if low[module] == index[module]:
            circle = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            if len(circle) > 1:
                found.append(sorted(circle))

    for module in edges:
        if module not in index:
            visit(module)
    return found


def names_twice(package: Path = PACKAGE) -> dict[str, list[str]]:
    """Return classes and type aliases without a leading underscore that are defined more than once."""
    homes: dict[str, list[str]] = {}
    for module, path in modules(package).items():
        for node in ast.parse(path.read_text("utf-8")).body:
            name = defines(node)
            if re.match("[A-Z][A-Za-z]*[a-z]", name):
                homes.setdefault(name, []).append(module)
    return {name: where for name, where in homes.items() if len(where) > 1}


def defines(node: ast.stmt) -> str:
    """Return the name that a statement assigns or makes a class of; "" for any other."""
    if isinstance(node, ast.ClassDef):
        return node.name
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""


def files_twice(package: Path = PACKAGE) -> dict[str, list[str]]:
    """File names that occur in more than one folder, but for `__init__`."""
    homes: dict[str, list[str]] = {}
    for module in modules(package):
        homes.setdefault(module.rpartition(".")[2], []).append(module)
    known = modules(package)
    return {
        name: where
        for name, where in homes.items()
        if len([one for one in where if known[one].name != "__init__.py"]) > 1
    }
