"""python -m examples.quickstart [--open] [FILE.jsonl ...]

Starts the local server on loopback, runs the program against it, prints what it did and draws a trace. With
--open the server stays, and its page opens in a browser.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import textwrap
import threading
import time
import webbrowser
from collections.abc import Iterable
from pathlib import Path

from examples.quickstart.program import Step, run
from examples.quickstart.replay import ReplayError, replay
from honeyhive_ext import HoneyHive, HoneyHiveError, TraceTree
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


def show(steps: Iterable[Step | TraceTree]) -> str | None:
    """Print the steps as a table of two columns, each as soon as it is done, and draw the trace below it.

    Returns the id of the session that was drawn.
    """
    drawn: str | None = None
    width = min(shutil.get_terminal_size((110, 24)).columns, 120)
    left = 44
    for step in steps:
        if isinstance(step, TraceTree):
            print(f"\nThe trace of the last question:\n\n{step!s}")
            drawn = step.session_id
            continue
        names = textwrap.wrap(step.did, left) or [""]
        results = textwrap.wrap(step.result, width - left - 4) or [""]
        for i in range(max(len(names), len(results))):
            name = names[i] if i < len(names) else ""
            result = results[i] if i < len(results) else ""
            print(f"  {name:<{left}}  {result}".rstrip())
    return drawn


def main(arguments: list[str]) -> int:
    """Run the program, or send the given files; return the exit status."""
    paths = [Path(a) for a in arguments if a != "--open"]
    if missing := [str(p) for p in paths if not p.is_file()]:
        print(f"no such file: {', '.join(missing)}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    with LocalServer() as server, HoneyHive(api_key="hh_local", base_url=server.url) as hh:
        print(f"local server at {server.url}\n")
        try:
            drawn = show(replay(hh, paths) if paths else run(hh, ROOT))
        except (ReplayError, HoneyHiveError) as error:
            print(f"\nfailed: {error}", file=sys.stderr)
            return 1
        print(f"\ndone in {time.perf_counter() - began:.1f} s")
        if "--open" in arguments:
            stay(f"{server.url}/{f'#session={drawn}' if drawn else ''}")
    if "--open" not in arguments:
        print("The server has stopped. To look around in its page: nox -s quickstart -- --open")
    print(NEXT)
    return 0


def stay(url: str) -> None:
    """Open the page of the local server, and wait for Ctrl+C."""
    print(f"\nThe page of the local server: {url}\nCtrl+C ends it.", flush=True)
    webbrowser.open(url)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
