"""`python -m honeyhive_ext.cli` is the `honeyhive-ext` command."""

from __future__ import annotations

from honeyhive_ext.cli import script

if __name__ == "__main__":
    script()
