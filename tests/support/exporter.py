"""A process to be killed: it exports all of server argv[1] to file argv[2] by the method argv[3].

argv[4] and argv[5] are the page size and the most requests at the same time, 200 and 1 where left out.
"""

from __future__ import annotations

import sys

from honeyhive_ext import HoneyHive


def told(done: int, total: int | None) -> None:
    print(done, flush=True)


if __name__ == "__main__":
    page_size, parallel = map(int, sys.argv[4:] or ("200", "1"))
    with HoneyHive(api_key="hh_x", base_url=sys.argv[1]) as hh:
        search = hh.events.search(page_size=page_size, parallel=parallel)
        getattr(search, sys.argv[3])(sys.argv[2], progress=told)
