"""python -m docsite [--stage]

Copies the pages to build/docs, builds the site in build/site with zensical, and checks it. Each line says
what is wrong, and the exit status is 1 if something is. With --stage it only copies the pages, for
`zensical serve` or mkdocs.
"""

from __future__ import annotations

import argparse

from docsite.build import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m docsite", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--stage", action="store_true", help="only copy the pages")
    raise SystemExit(main(only_stage=parser.parse_args().stage))
