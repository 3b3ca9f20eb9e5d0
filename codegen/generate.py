"""Make `generated/` from `openapi.yaml` and `generator-config.yml`: `python -m codegen.generate`.

It builds the tree in an empty folder next to the target and then replaces the target. So files that are no
longer generated disappear, and a failed run changes nothing. `--check` only builds and compares: it names
every file that differs, is missing or is stale, and then exits with 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from codegen.client import write_client
from codegen.document import load_document
from codegen.errors import GenerationError
from codegen.event_view import write_event_view
from codegen.names import check_names
from codegen.pins import check_versions
from codegen.request_fields import write_request_fields
from codegen.schemas import write_schemas
from codegen.stamp import format_tree, stamp_tree
from codegen.trees import differences, swap
from codegen.typed_dicts import write_typed_dicts

ROOT = Path(__file__).resolve().parent.parent


def build(spec: Path, config: Path, folder: Path) -> None:
    """Write both generated packages into the empty `folder`."""
    check_versions()
    document = load_document(spec, config)
    check_names(document)
    client = folder / "honeyhive_client"
    write_client(document, config, client)
    write_typed_dicts(document, client / "typed_dicts.py")
    write_request_fields(document, client / "request_fields.py")
    write_event_view(document, client / "event_view.py")
    write_schemas(document, folder / "honeyhive_schemas")
    format_tree(folder)
    stamp_tree(folder)


def generate(spec: Path, config: Path, out: Path) -> None:
    """Build the tree and replace `out` by it."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-new-") as scratch:
        fresh = Path(scratch) / out.name
        fresh.mkdir()
        build(spec, config, fresh)
        swap(fresh, out)


def check(spec: Path, config: Path, out: Path) -> list[str]:
    """Build the tree in another folder; return a line for each file of `out` that is not the same."""
    with tempfile.TemporaryDirectory() as scratch:
        build(spec, config, Path(scratch))
        return differences(Path(scratch), out)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m codegen.generate",
        description="Make generated/ from openapi.yaml and generator-config.yml.",
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if `out` is not current")
    parser.add_argument("--spec", type=Path, default=ROOT / "openapi.yaml", help="the OpenAPI document")
    parser.add_argument("--config", type=Path, default=ROOT / "generator-config.yml", help="its settings")
    parser.add_argument("--out", type=Path, default=ROOT / "generated", help="the folder to write or compare")
    options = parser.parse_args(arguments)
    spec, config, out = (path.resolve() for path in (options.spec, options.config, options.out))
    try:
        if not options.check:
            generate(spec, config, out)
            return 0
        lines = check(spec, config, out)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 1
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        print(f"{options.out}: {len(lines)} files are not current; run `nox -s generate`", file=sys.stderr)
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
