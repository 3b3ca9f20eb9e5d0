"""`python -m honeyhive_ext.cli` is the `honeyhive-ext` command."""

from __future__ import annotations

import sys

from honeyhive_ext.cli import main

if __name__ == "__main__":
    sys.exit(main())
