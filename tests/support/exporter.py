"""A process to be killed: it exports all of server argv[1] to file argv[2] by the method argv[3]."""

from __future__ import annotations

import sys

from honeyhive_ext import HoneyHive


def told(done: int, total: int | None) -> None:
    print(done, flush=True)


if __name__ == "__main__":
    with HoneyHive(api_key="hh_x", base_url=sys.argv[1]) as hh:
        getattr(hh.events.search(page_size=200), sys.argv[3])(sys.argv[2], progress=told)
