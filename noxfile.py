"""Every task of the project. `nox --list` shows them; each session installs what it needs."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = True
nox.options.sessions = ["tests"]

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
# Spark is 680 MB, and has a session of its own.
EXTRAS = [extra for extra in PROJECT["project"]["optional-dependencies"] if extra != "spark"]
CODE = ["honeyhive_ext", "codegen", "docsite", "examples", "tests", "benchmarks", "noxfile.py"]


def group(*names: str) -> list[str]:
    """Return the requirements of these dependency groups of pyproject.toml."""
    return nox.project.dependency_groups(PROJECT, *names)


@nox.session
def generate(session: nox.Session) -> None:
    """Make generated/ from openapi.yaml and generator-config.yml."""
    session.install(*group("codegen"))
    session.run("python", "-m", "codegen.generate", *session.posargs)


@nox.session
def check_generated(session: nox.Session) -> None:
    """Fail if generated/ is not what openapi.yaml and generator-config.yml make; name the files."""
    session.install(*group("codegen"))
    session.run("python", "-m", "codegen.generate", "--check", *session.posargs)


@nox.session
def sync_upstream(session: nox.Session) -> None:
    """Compare a document of the service (path or URL) with openapi.yaml; --write takes its changes over."""
    session.install(*group("codegen"))
    session.run("python", "-m", "codegen.upstream", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*group("lint"))
    session.run("ruff", "check", *CODE)
    session.run("ruff", "format", "--check", *CODE)


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy and pyright, for the package and for code that uses it."""
    session.install(
        "-e", ".[cli,progress,export,pandas,polars]", *group("types", "test", "codegen", "examples")
    )
    session.run("mypy")
    # named, as pyright would take a .venv in this folder for the environment to look at
    session.run("basedpyright", "--pythonpath", str(Path(session.bin) / "python"))


@nox.session
def tests(session: nox.Session) -> None:
    """Run the whole test suite."""
    session.install("-e", ".[cli,progress,export,pandas,polars]", *group("test", "codegen", "types"))
    session.run("pytest", *(session.posargs or ["-n", "2", "--dist", "worksteal"]))


@nox.session
def tests_min(session: nox.Session) -> None:
    """Run the whole suite with the lowest versions that pyproject.toml declares, but for two tests."""
    constraints = Path(session.create_tmp()) / "lowest.txt"
    constraints.write_text("".join(f"{requirement}\n" for requirement in lowest()), encoding="utf-8")
    # Two of the test tools ask for newer versions themselves; numpy is the one that those versions take.
    tools = [tool for tool in group("test") if not tool.startswith(("openapi-spec-validator", "numpy"))]
    session.install(
        *("-c", str(constraints), "-e", f".[{','.join(EXTRAS)}]"), "numpy", *tools, *group("codegen", "types")
    )
    # The validator of the one is not installed; the other records what the newest attrs writes into classes.
    apart = ("document.py::test_the_document_is_valid_openapi_3_1", "public_interface.py")
    left_out = [f"--deselect=tests/contract/test_{test}" for test in apart]
    session.run("pytest", *left_out, *(session.posargs or ["-n", "2", "--dist", "worksteal"]))


def lowest() -> list[str]:
    """Return the lowest versions of the dependencies and of those of every extra, as pip constraints."""
    declared = [*PROJECT["project"]["dependencies"]]
    for extra in EXTRAS:
        declared += PROJECT["project"]["optional-dependencies"][extra]
    found = (re.match(r"([\w.-]+)(?:\[[^]]*\])?>=([\w.]+)", requirement) for requirement in declared)
    return sorted({f"{one[1]}=={one[2]}" for one in found if one})


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def tests_python(session: nox.Session) -> None:
    """Run the whole suite on one version of Python: `nox -s tests_python-3.13`."""
    session.install("-e", f".[{','.join(EXTRAS)}]", *group("test", "codegen", "types"))
    session.run("pytest", *(session.posargs or ["-n", "2", "--dist", "worksteal"]))


@nox.session
def tests_httpx2(session: nox.Session) -> None:
    """Run the tests of clients with httpx2 as the library of the clients and transports that are given."""
    session.install("-e", f".[{','.join(EXTRAS)}]", *group("test", "codegen", "types"))
    places = ["tests/unit/http", "tests/client", "tests/faults", "tests/property/test_hostile_answers.py"]
    environment = {"HONEYHIVE_TEST_HTTPX": "httpx2"}
    session.run("pytest", *(session.posargs or ["-n", "2", *places]), env=environment)


@nox.session
def coverage(session: nox.Session) -> None:
    """Measure branch coverage of honeyhive_ext, also in subprocesses; less than 95% fails."""
    session.install("-e", f".[{','.join(EXTRAS)}]", *group("test", "codegen", "types", "coverage"))
    places = ["tests/unit", "tests/property", "tests/client", "tests/local", "tests/cli", "tests/faults"]
    # These two look at which modules are loaded, and coverage loads some itself.
    light = [
        "tests/unit/test_architecture.py::test_importing_the_package_loads_only_what_a_client_needs",
        "tests/local/test_pytest_plugin.py::test_a_run_that_does_not_use_the_fixture_loads_neither_the_server_nor_httpx",
    ]
    options = [f"--deselect={test}" for test in light]
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-n", "2", *options, *(session.posargs or places))
    session.run("coverage", "combine")
    session.run("coverage", "report", "--skip-covered", "--show-missing", "--fail-under", "95")


@nox.session
def audit(session: nox.Session) -> None:
    """List the licences of what the package installs, and ask pip-audit for known vulnerabilities.

    A package that could not be looked up is a failure, so a green session has looked at every one.
    """
    session.install(*group("audit"))
    shipped = Path(session.create_tmp()) / "shipped"
    if not shipped.exists():
        session.run("python", "-m", "venv", str(shipped), silent=True)
    python = str(shipped / "bin" / "python")
    session.run(python, "-m", "pip", "install", "-q", f".[{','.join(EXTRAS)}]", external=True, silent=True)
    session.run("pip-licenses", "--python", python, "--order", "license")
    # Of what is installed, PyPI knows all but this package.
    freeze = [python, "-m", "pip", "freeze", "--exclude", PROJECT["project"]["name"]]
    installed = Path(session.create_tmp()) / "installed.txt"
    installed.write_text(str(session.run(*freeze, external=True, silent=True, stderr=None)), encoding="utf-8")
    session.run("pip-audit", "--strict", "--no-deps", "--disable-pip", "-r", str(installed), *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change retries, batches, searches and filters a line at a time; name each change that no test notices.

    `-- batch` takes one part, `-- --share 0.2` a seeded fifth of the changes; see tests/mutants/README.md.
    """
    session.install("-e", f".[{','.join(EXTRAS)}]", *group("test", "mutation"))
    folder = (
        "--folder",
        session.create_tmp(),
    )  # mutmut writes changed sources, so it gets copies of the tree
    session.run("python", "-m", "tests.support.mutation", *folder, *session.posargs)


LARGE = ["faults", "property", "local", "client", "unit/background", "unit/views"]


@nox.session
def faults(session: nox.Session) -> None:
    """Run the fault and walk tests at full size (the ordinary suite runs a twentieth)."""
    session.install("-e", ".[cli,progress,export,pandas,polars]", *group("test", "codegen", "types"))
    session.run(
        "pytest",
        "-n",
        "2",
        *(session.posargs or [*(f"tests/{part}" for part in LARGE)]),
        env={"HONEYHIVE_TEST_SCALE": "1"},
    )


@nox.session
def official_sdk(session: nox.Session) -> None:
    """Run the official Python SDK against the local server, with both packages in one environment."""
    session.install("-e", ".[local]", *group("test", "official-sdk"))
    session.run("pytest", *(session.posargs or ["tests/sdk"]))


@nox.session
def integrations(session: nox.Session) -> None:
    """Run LangChain and the instrumentors of others, with their real libraries and a faked network."""
    session.install("-e", ".[local,otel]", *group("test", "integrations"))
    session.run("pytest", *(session.posargs or ["tests/integrations"]))


@nox.session
def contract_node(session: nox.Session) -> None:
    """Compare with ajv and Prism, and run tracers of npm against the local server (needs Node)."""
    session.install("-e", ".[local,otel]", *group("test"))
    folder = Path(session.create_tmp()) / "node"
    folder.mkdir(exist_ok=True)
    shutil.copy(ROOT / "tests" / "node" / "package.json", folder)
    npm = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
    session.run(*npm, external=True, silent=True)
    environment = {"HONEYHIVE_NODE_MODULES": str((folder / "node_modules").resolve())}
    session.run("pytest", *(session.posargs or ["tests/node"]), env=environment)


CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def has_chromium(session: nox.Session) -> bool:
    """Return whether there is a browser to test the page with; install Debian's where that is possible."""
    if "HONEYHIVE_CHROMIUM" in os.environ or any(map(shutil.which, CHROMIUM)):
        return True
    if shutil.which("apt-get") and os.geteuid() == 0:
        session.run("apt-get", "update", "-qq", external=True, silent=True, success_codes=range(256))
        packages = ["chromium", "fonts-dejavu-core"]
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
        session.run(*install, external=True, silent=True, success_codes=range(256))
    return any(map(shutil.which, CHROMIUM))


@nox.session
def browser(session: nox.Session) -> None:
    """Test the trace page in a real browser, and check the types of its modules (needs chromium and Node)."""
    if shutil.which("npm"):
        folder = Path(session.create_tmp()) / "node"
        folder.mkdir(exist_ok=True)
        shutil.copy(ROOT / "tests" / "browser" / "types" / "package.json", folder)
        npm = ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        session.run(*npm, external=True, silent=True)
        tsc = str(folder.resolve() / "node_modules" / ".bin" / "tsc")
        session.run(tsc, "--noEmit", "-p", "tests/browser/types/tsconfig.json", external=True)
    else:
        session.warn("the types of the page are not checked: there is no npm on this machine")
    if not has_chromium(session):
        session.skip("the page is not tested: there is no chromium, and it cannot be installed here")
    session.install("-e", ".[cli]", *group("test", "browser"))
    session.run("pytest", *(session.posargs or ["-n", "2", "--dist", "worksteal", "tests/browser"]))


@nox.session
def pictures(session: nox.Session) -> None:
    """Write the pictures of the trace page for the guides to docs/images (needs chromium)."""
    if not has_chromium(session):
        session.skip("there is no chromium, and it cannot be installed here")
    session.install("-e", ".[cli]", *group("test", "browser"))
    session.run(
        "pytest", "tests/browser/test_looks.py", env={"HONEYHIVE_PICTURES": str(ROOT / "docs" / "images")}
    )


@nox.session
def bench_page(session: nox.Session) -> None:
    """Measure the trace page with a session of 50,000 events, or `-- --events N` (needs chromium)."""
    if not has_chromium(session):
        session.skip("there is no chromium, and it cannot be installed here")
    session.install("-e", ".[cli]", *group("browser"))
    session.run("python", "-m", "benchmarks.trace_page", *session.posargs)


def has_java(session: nox.Session) -> bool:
    """Return whether Spark can run; install Debian's Java where that is possible."""
    if (
        "JAVA_HOME" not in os.environ
        and not shutil.which("java")
        and shutil.which("apt-get")
        and os.geteuid() == 0
    ):
        session.run("apt-get", "update", "-qq", external=True, silent=True, success_codes=range(256))
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "openjdk-17-jre-headless"]
        session.run(*install, external=True, silent=True, success_codes=range(256))
    return "JAVA_HOME" in os.environ or shutil.which("java") is not None


@nox.session
def spark(session: nox.Session) -> None:
    """Read, stream and write events with Spark; HONEYHIVE_TEST_SCALE=1 for a million events (needs Java)."""
    if not has_java(session):
        session.skip("Spark is not tested: there is no Java, and it cannot be installed here")
    session.install("-e", ".[cli,export,spark]", *group("test"))
    session.run("pytest", *(session.posargs or ["tests/spark"]))


@nox.session
def bench_large(session: nox.Session) -> None:
    """Measure how a large range is read into files and engines; --write-docs writes the guides' tables."""
    extras = "cli,export,polars,spark" if has_java(session) else "cli,export,polars"
    session.install("-e", f".[{extras}]", *group("bench-large"))
    size = ["--seconds", "5", "--rounds", "1"]  # 100,000 events in each way, once
    session.run("python", "-m", "benchmarks", "large", *size, *session.posargs)


@nox.session
def recipes(session: nox.Session) -> None:
    """Run the programs of docs/dask-and-ray.md with Dask and Ray."""
    session.install("-e", ".[cli,export,pandas]", *group("test", "recipes"))
    session.run("pytest", *(session.posargs or ["tests/recipes"]))


@nox.session
def schemathesis(session: nox.Session) -> None:
    """Test the local server with requests that Schemathesis makes from openapi.yaml."""
    session.install("-e", ".[cli]", *group("schemathesis"))
    session.run("python", "tests/contract/schemathesis_local.py", *session.posargs)


@nox.session
def interface(session: nox.Session) -> None:
    """Compare the public names and signatures with those recorded; --write records them again."""
    session.install("-e", ".[cli]", *group("test"))
    session.run("python", "-m", "tests.support.interface", *session.posargs)


@nox.session
def cli_reference(session: nox.Session) -> None:
    """Compare docs/cli-reference.md and docs/agents.md with the command line; --write makes them again."""
    session.install("-e", ".[cli]", *group("test"))
    session.run("python", "-m", "tests.support.cli_reference", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the guides and the reference in build/site, check it, and look at it in chromium.

    `-- --stage` only copies the pages to build/docs.
    """
    tools = [
        one for one in group("test", "browser") if one.startswith(("pytest", "hypothesis", "playwright"))
    ]
    session.install("-e", ".[cli]", *group("docs"), *([] if session.posargs else tools))
    session.run("python", "-m", "docsite", *session.posargs)
    if session.posargs:
        return
    if not has_chromium(session):
        session.warn("the site is not looked at: there is no chromium, and it cannot be installed here")
    session.run("pytest", "-n", "2", "tests/site")


@nox.session
def quickstart(session: nox.Session) -> None:
    """Run a small real program against the local server; give JSON Lines files to send those instead."""
    session.install("-e", ".[cli]")
    session.run("python", "-m", "examples.quickstart", *session.posargs)


@nox.session
def notebook(session: nox.Session) -> None:
    """Run the notebook of examples/; look at it, and at pages of traces, in Debian's chromium."""
    session.install("-e", ".[cli,progress]", *group("test", "notebook"))
    if shutil.which("chromium") is None:
        session.warn("There is no chromium here (apt-get install chromium), so no page is looked at.")
    session.run("pytest", *(session.posargs or ["tests/notebook"]))


@nox.session
def bench(session: nox.Session) -> None:
    """Measure this package next to its peers: a short form, or what the arguments ask for."""
    session.install("-e", ".[schemas-fast,fast-async,export]", *group("bench"))
    wanted = [argument for argument in session.posargs if argument != "enqueue"]
    if "enqueue" in session.posargs:
        peers = {"BENCH_TRACING_PYTHON": separate_environment(session, "bench-tracing")}
        session.run("python", "-m", "benchmarks.enqueuing", env=peers)
        if not wanted:
            return
    environment = {
        "BENCH_SDK_PYTHON": separate_environment(session, "official-sdk"),
        "BENCH_STOCK_PYTHON": separate_environment(session, "bench-stock"),
    }
    session.run("python", "-m", "benchmarks", *(wanted or ["--short"]), env=environment)


@nox.session
def bench_local_server(session: nox.Session) -> None:
    """Measure the local server next to bare SQLite, with a million events or `-- --events N`."""
    session.install("-e", ".[cli]")
    session.run("python", "benchmarks/local_server.py", *session.posargs)


@nox.session
def bench_extras(session: nox.Session) -> None:
    """Measure the size of each extra and the time of an import; --write-docs puts both into the reference."""
    session.run("python", "-m", "benchmarks.extras", *session.posargs)


def separate_environment(session: nox.Session, name: str) -> str:
    """Return the interpreter of an environment with one dependency group and nothing of this project."""
    python = Path(session.create_tmp()).absolute() / name / "bin" / "python"  # its users run in other folders
    if not python.exists():
        session.run("python", "-m", "venv", str(python.parents[1]), silent=True)
    session.run(str(python), "-m", "pip", "install", "-q", *group(name), external=True, silent=True)
    return str(python)


@nox.session
def examples(session: nox.Session) -> None:
    """Run the examples against the local server, and compare what they print with their pages."""
    session.install("-e", ".[local,export,otel]", *group("test", "examples"))
    session.run("pytest", *(session.posargs or ["tests/examples"]))


@nox.session
def release(session: nox.Session) -> None:
    """Build as for a release, check everything that comes out, and use it in empty environments.

    `-- --all-tests` runs every test of the unpacked sdist, `-- --no-tests` none, `-- --final` asks for the
    changelog and the interface of this version, `-- --write` records the files of the wheel. Nothing is
    uploaded.
    """
    session.install(
        "-e", ".[cli,progress,export,pandas,polars]", *group("test", "codegen", "types", "release")
    )
    session.run("python", "-m", "tests.support.release", *session.posargs)
