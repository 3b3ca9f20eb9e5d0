"""Is openapi.yaml current? `python -m codegen.upstream PATH_OR_URL [--write]`.

It reads the whole OpenAPI document of the service, as YAML or JSON, and compares the operations that
openapi.yaml has, with everything they refer to. It says what was added, removed or changed, and which
programs that breaks. A keyword that it cannot compare is named ("not compared"), as is an operation that
openapi.yaml does not have ("not covered").
`--write` copies the changes into openapi.yaml, keeps our descriptions, examples and additional responses, and
generates `generated/` again. The exit status is 0 if the operations of openapi.yaml are the
same in both documents (or were made so), 1 if not.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from codegen.errors import GenerationError
from codegen.generate import ROOT, generate
from codegen.sync.changes import report
from codegen.sync.compare import compare
from codegen.sync.documents import read_ours, read_source, written
from codegen.sync.take_over import take_over


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m codegen.upstream", description="Is openapi.yaml current?"
    )
    parser.add_argument("document", help="the service's OpenAPI document: a path or a URL, YAML or JSON")
    parser.add_argument("--write", action="store_true", help="copy the changes and generate again")
    parser.add_argument("--spec", type=Path, default=ROOT / "openapi.yaml", help="our document")
    parser.add_argument(
        "--config", type=Path, default=ROOT / "generator-config.yml", help="generator settings"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "generated", help="the folder to generate")
    options = parser.parse_args(arguments)
    try:
        return sync(
            options.document, options.spec.resolve(), options.config, options.out.resolve(), options.write
        )
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 2


def sync(place: str, spec: Path, config: Path, out: Path, write: bool) -> int:
    """Compare, print the report, and write the changes if asked. Return the exit status.

    Raises:
        GenerationError: A document cannot be read, or the changed one cannot be generated from; then
            openapi.yaml stays as it was.
    """
    ours, theirs = read_ours(spec), read_source(place)
    found = compare(ours, theirs)
    print(report(found))
    if not write or not found.changes:
        return 0 if found.is_current else 1
    changed, by_hand = take_over(ours, theirs)
    before, after = spec.read_bytes(), written(changed).encode()
    if after != before:
        spec.write_bytes(after)
        try:
            generate(spec, config.resolve(), out)
        except BaseException:  # a full disk or Ctrl-C too
            spec.write_bytes(before)
            raise
    for change in by_hand:
        print(f"not taken over, write it by hand: {change}")
    return 1 if by_hand or found.not_compared else 0


if __name__ == "__main__":
    sys.exit(main())
