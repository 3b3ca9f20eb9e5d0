"""The trace page with one large session, in chromium: first paint, all rows, scrolled frames, memory.

Run it as `nox -s bench_page`, or `nox -s bench_page -- --events N`. It prints a table.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import time
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from honeyhive_ext.local import LocalServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

SESSION = str(uuid.UUID(int=1))
START = 1_750_000_000_000
FRAMES, TURNS = 20, 30  # scrolled frames of a turn, and turns

# Notes, on the browser's clock: when the first page of rows has come, and when a row of it is painted.
WATCH = """
window.notes = {};
const real = window.fetch;
window.fetch = async (...given) => {
  const response = await real(...given);
  if (String(given[0]).includes("/_local/sessions/")) {
    const json = response.json.bind(response);
    response.json = async () => {
      const text = await response.text();
      window.notes.data ??= performance.now();
      const value = JSON.parse(text);
      if (value.next === null) window.notes.whole ??= performance.now();
      return value;
    };
  }
  return response;
};
const look = () => {
  if (document.querySelector(".tree .space .row bdi")?.textContent) {
    // After this frame's paint comes the next task.
    requestAnimationFrame(() => setTimeout(() => { window.notes.painted = performance.now(); }));
  } else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""

# Scroll by a third of the window in each frame, and note how far apart the frames are.
SCROLL = """async (frames) => {
  const host = document.querySelector(".tree");
  const lengths = [];
  await new Promise((done) => {
    let last = performance.now();
    let step = host.clientHeight / 3;
    const frame = (now) => {
      lengths.push(now - last);
      last = now;
      if (host.scrollTop + host.clientHeight >= host.scrollHeight - 1) step = -step;
      host.scrollTop += step;
      if (lengths.length >= frames) done(); else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  return lengths.slice(2);
}"""
FOLD = """() => {
  const tree = document.querySelector(".tree");
  tree.scrollTop = 0;
  tree.offsetHeight;
  const began = performance.now();
  document.querySelector(".tree .twist").click();
  tree.offsetHeight;
  return performance.now() - began;
}"""


def events(count: int) -> Iterator[dict[str, Any]]:
    """Yield a session whose tree has ten children a node."""
    ids = [SESSION]
    yield {"event_id": SESSION, "session_id": SESSION, "event_type": "session", "event_name": "large",
           "inputs": {},
           "start_time": START, "end_time": START + count}  # fmt: skip
    for number in range(1, count):
        ids.append(str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))))
        yield {
            "event_id": ids[number], "session_id": SESSION, "parent_id": ids[(number - 1) // 10],
            "inputs": {},
            "event_type": ("chain", "model", "tool")[number % 3], "event_name": f"step {number}",
            "start_time": START + number, "end_time": START + number + 20, "duration": 20,
            "metadata": {"cost": 0.001, "total_tokens": number % 500},
            **({"error": "failed"} if number % 997 == 0 else {}),
        }  # fmt: skip


def scrolled(page: Page) -> tuple[list[float], list[float]]:
    """Scroll; return the ms between frames, and the ms of CPU time of a frame in each turn."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})
    session.send("Performance.enable")

    def used() -> float:
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return sum(
            float(metrics[name]) for name in ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration")
        )

    lengths: list[float] = []
    work: list[float] = []
    for _ in range(TURNS):
        before = used()
        lengths += page.evaluate(SCROLL, FRAMES)
        work.append((used() - before) / FRAMES * 1000)
    return lengths, work


def main() -> None:
    """Measure, and print the table."""
    from playwright.sync_api import sync_playwright

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--events", type=int, default=50_000)
    count = options.parse_args().events
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("HONEYHIVE_CHROMIUM") or next(filter(None, map(shutil.which, names)))
    with LocalServer() as server, sync_playwright() as driver:
        server.seed(events(count))
        flags = ["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"]
        browser = driver.chromium.launch(executable_path=path, args=flags)
        page = browser.new_page(viewport={"width": 1360, "height": 820})
        page.set_default_timeout(120_000)
        page.add_init_script(WATCH)
        began = time.perf_counter()
        page.goto(f"{server.url}/#session={SESSION}")
        page.wait_for_function("() => window.notes.painted && window.notes.whole")
        page.locator("progress").wait_for(state="hidden")
        ready = time.perf_counter() - began
        notes: dict[str, float] = page.evaluate("window.notes")
        memory: float = page.evaluate("() => { gc(); return performance.memory.usedJSHeapSize / 1e6 }")
        lengths, work = scrolled(page)
        elements: int = page.locator("*").count()
        fold: float = page.evaluate(FOLD)
        browser.close()
    load = os.getloadavg()[0]
    print(f"one session of {count:,} events; chromium {browser.version}; load of the machine {load:.1f}\n")
    print("| what | measured |\n| --- | --- |")
    for what, value in (
        (
            "first page of rows has come, until its rows are painted",
            f"{notes['painted'] - notes['data']:.0f} ms",
        ),
        ("the address is opened, until every row has come", f"{ready:.2f} s"),
        (
            "CPU time of scripts, styles and layout for a scrolled frame, median",
            f"{statistics.median(work):.1f} ms",
        ),
        (
            "CPU time of scripts, styles and layout for a scrolled frame, p95",
            f"{statistics.quantiles(work, n=20)[-1]:.1f} ms",
        ),
        ("from one scrolled frame to the next, median", f"{statistics.median(lengths):.1f} ms"),
        ("from one scrolled frame to the next, p95", f"{statistics.quantiles(lengths, n=20)[-1]:.1f} ms"),
        ("folding the whole session", f"{fold:.1f} ms"),
        ("memory of the page's objects", f"{memory:.0f} MB"),
        ("elements of the whole page", f"{elements:,}"),
    ):
        print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
