"""python -m examples.quickstart [FILE.jsonl ...]

Starts the local server on loopback, runs the program against it and prints what it did.
"""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path

from examples.quickstart.program import Step, run
from examples.quickstart.replay import ReplayError, replay
from honeyhive_ext import HoneyHive, HoneyHiveError
from honeyhive_ext.local import LocalServer

ROOT = Path(__file__).resolve().parents[2]
NEXT = """
The same code against the real service: set the key, leave base_url out.

    export HH_API_KEY=hh_...        # your project key
    export HH_API_URL=https://...   # only for another region or a deployment of your own

    from honeyhive_ext import HoneyHive
    with HoneyHive() as hh:
        hh.events.create("tool", event_name="hello", inputs={"from": "me"})
"""


def show(steps: Iterable[Step]) -> None:
    """Print the steps as a table of two columns, each as soon as it is done."""
    width = min(shutil.get_terminal_size((110, 24)).columns, 120)
    left = 44
    for step in steps:
        names = textwrap.wrap(step.did, left) or [""]
        results = textwrap.wrap(step.result, width - left - 4) or [""]
        for i in range(max(len(names), len(results))):
            name = names[i] if i < len(names) else ""
            result = results[i] if i < len(results) else ""
            print(f"  {name:<{left}}  {result}".rstrip())


def main(arguments: list[str]) -> int:
    """Run the program, or send the given files; return the exit status."""
    paths = [Path(a) for a in arguments]
    if missing := [str(p) for p in paths if not p.is_file()]:
        print(f"no such file: {', '.join(missing)}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    with LocalServer() as server, HoneyHive(api_key="hh_local", base_url=server.url) as hh:
        print(f"local server at {server.url}\n")
        try:
            show(replay(hh, paths) if paths else run(hh, ROOT))
        except (ReplayError, HoneyHiveError) as error:
            print(f"\nfailed: {error}", file=sys.stderr)
            return 1
    print(f"\ndone in {time.perf_counter() - began:.1f} s; the server has stopped.")
    print(NEXT)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
