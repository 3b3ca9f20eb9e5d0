"""The tables of docs/reference say what the code says: variables, settings, errors, schemas."""

from __future__ import annotations

import ast
import inspect
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from docsite.build import config
from honeyhive_ext import AsyncHoneyHive, HoneyHive, errors
from honeyhive_ext.config.base_url import DEFAULT_BASE_URL
from honeyhive_ext.config.defaults import DEFAULT_CONCURRENCY, MAX_ANSWER_BYTES
from honeyhive_ext.config.settings import DEFAULT_SOURCE, DEFAULT_TIMEOUT, MAX_CONCURRENCY

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
ENVIRONMENT = (REFERENCE / "environment.md").read_text("utf-8")
SETTINGS = (REFERENCE / "settings.md").read_text("utf-8")
OURS = re.compile(r"(?:HH|HONEYHIVE|BENCH)_[A-Z_]+")
# The standard library and httpx read these for us.
READ_FOR_US = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"}


def first_cells(table: str) -> list[str]:
    """The first cell of each row of the tables of a text."""
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith("| ---")]
    return [row.split("|")[1].strip() for row in rows]


def listed(text: str) -> set[str]:
    return {name for cell in first_cells(text) for name in re.findall(r"`([A-Z_]+)`", cell)}


def read_by(source: str) -> Iterator[str]:
    """The environment variables that a program reads, as far as its text says."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr=method, value=holder), args=[ast.Constant(value=str(name)), *_]
            ):
                reads = method == "getenv" or (
                    method in ("get", "pop", "setdefault") and _is_environment(holder)
                )
            case ast.Call(func=ast.Name(id="getenv"), args=[ast.Constant(value=str(name)), *_]):
                reads = True
            case ast.Subscript(value=holder, slice=ast.Constant(value=str(name))):
                reads = _is_environment(holder)
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[holder]):
                reads = _is_environment(holder)
            case ast.Constant(value=str(name)):
                reads = OURS.fullmatch(name) is not None
            case _:
                continue
        if reads:
            yield name.upper()


def _is_environment(node: ast.expr) -> bool:
    return re.search(r"\b(environ|env|environment)$", ast.unparse(node)) is not None


def read_below(*folders: str) -> set[str]:
    paths: Iterable[Path] = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return {name for path in paths for name in read_by(path.read_text("utf-8"))}


@pytest.mark.parametrize(
    "source",
    [
        "import os; os.environ.get('HH_NEW', '')",
        "import os; os.getenv('HH_NEW')",
        "from os import getenv; getenv('HH_NEW')",
        "import os; os.environ['HH_NEW']",
        "def f(env): return env.get('HH_NEW')",
        "def f(environ): return 'HH_NEW' in environ",
        "NAMES = ('HH_NEW',)",
    ],
)
def test_a_variable_is_found_in_every_form_of_reading_it(source: str) -> None:
    assert set(read_by(source)) == {"HH_NEW"}


def test_the_table_has_every_variable_that_the_package_reads_and_no_other() -> None:
    packages, _, tests = ENVIRONMENT.partition("## Variables of the tests")
    assert listed(packages) == read_below("honeyhive_ext", "generated") | READ_FOR_US
    read = {name for name in read_below("tests", "benchmarks") if name.startswith(("HONEYHIVE_", "BENCH_"))}
    assert listed(tests) == read


def test_the_table_of_settings_has_every_argument_of_both_clients() -> None:
    arguments = {
        name for client in (HoneyHive, AsyncHoneyHive) for name in inspect.signature(client).parameters
    }
    rows = [cell for cell in first_cells(SETTINGS) if cell != "argument"]
    assert {name for cell in rows for name in re.findall(r"`([a-z_]+)`", cell)} == arguments
    only_async = set(inspect.signature(AsyncHoneyHive).parameters) - set(
        inspect.signature(HoneyHive).parameters
    )
    assert {re.findall(r"`(\w+)`", cell)[0] for cell in rows if "AsyncHoneyHive" in cell} == only_async


def test_the_table_of_settings_has_the_defaults_and_the_limits_of_the_code() -> None:
    rows = {line.split("|")[1].strip(): line for line in SETTINGS.splitlines() if line.startswith("| `")}
    assert f"| {DEFAULT_TIMEOUT:g} s |" in rows["`timeout`"]
    assert f"| {DEFAULT_CONCURRENCY} |" in rows["`max_concurrency`"]
    assert f"1 to {MAX_CONCURRENCY} |" in rows["`max_concurrency`"]
    assert f"| {MAX_ANSWER_BYTES:,} bytes |" in rows["`max_answer_bytes`"]
    assert f'`"{DEFAULT_SOURCE}"`' in rows["`source`"]
    assert f"`{DEFAULT_BASE_URL}`" in rows["`base_url`"]
    for text, value in (
        ("HH_API_URL", DEFAULT_BASE_URL),
        ("HH_SOURCE", DEFAULT_SOURCE),
        ("HH_API_TIMEOUT", "30"),
    ):
        assert f"| `{text}` | `{value}` |" in ENVIRONMENT


def test_the_table_of_errors_has_each_error_that_can_be_raised() -> None:
    page = (REFERENCE / "errors.md").read_text("utf-8")
    roots = {"HoneyHiveError", "APIError", "APIStatusError"}  # of which a more exact one is raised
    rows = {name for cell in first_cells(page) for name in re.findall(r"`(\w+)`", cell)}
    assert rows == ({*errors.__all__} - roots) | {"FilterTextError"}


def test_the_table_of_extras_has_each_extra() -> None:
    page = (REFERENCE / "install.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = set(project["optional-dependencies"])
    assert {cell.strip("`") for cell in first_cells(page.partition("## Size")[0])} == {"extra"} | extras


def test_the_site_has_the_addresses_that_the_package_names() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    assert config()["site_url"] == urls["Documentation"]
    assert config()["repo_url"] == urls["Source"]


def test_the_table_of_schemas_has_each_schema_and_its_words() -> None:
    page = (REFERENCE / "schemas.md").read_text("utf-8")
    files = sorted((ROOT / "generated" / "honeyhive_schemas").glob("*.json"))
    assert len(files) > 10
    for path in files:
        schema = json.loads(path.read_text("utf-8"))
        link = f"[`{path.stem}`](../../generated/honeyhive_schemas/{path.name})"
        assert f"| {link} | `{schema['title']}` | {schema['description']} |" in page
    assert page.count("](../../generated/honeyhive_schemas/") == len(files)
