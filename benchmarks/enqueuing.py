"""What one event costs the code that records it, next to the tracing clients of others.

Each contender runs in a process of its own (`python benchmarks/enqueuing.py NAME PORT BUSY`), and they take
turns. A call is timed by itself, in bursts with pauses between them, as an application records: a tight
loop would fill the queues of the others, which then drop. BUSY is the number of threads that compute in pure
Python meanwhile.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

CALLS, BURST, PAUSE = 6_000, 20, 0.002
ROUNDS = 3
HERE = Path(__file__).parent
BUSY = 2

Call = Callable[[], object]


def ours(port: int, **background: Any) -> tuple[Call, Call]:
    from honeyhive_ext import Background, HoneyHive

    hh = HoneyHive("hh_bench", base_url=f"http://127.0.0.1:{port}", background=Background(**background))
    inputs = event()

    @hh.span()
    def empty() -> None: ...

    return lambda: hh.events.enqueue("tool", inputs=inputs), empty


def with_spool(port: int) -> tuple[Call, Call]:
    return ours(port, spool=tempfile.mkdtemp())


def opentelemetry(port: int) -> tuple[Call, Call]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    exporter = OTLPSpanExporter(f"http://127.0.0.1:{port}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("bench")
    text = json.dumps(event())

    @tracer.start_as_current_span("empty")
    def empty() -> None: ...

    def enqueue() -> None:
        # Attributes hold no objects: its instrumentations write JSON for each event, as this does.
        tracer.start_span("tool", attributes={"inputs": json.dumps(json.loads(text))}).end()

    return enqueue, empty


def langfuse(port: int) -> tuple[Call, Call]:
    from langfuse import Langfuse, observe

    client = Langfuse(public_key="pk-bench", secret_key="sk-bench", host=f"http://127.0.0.1:{port}")
    inputs = event()

    @observe()
    def empty() -> None: ...

    return lambda: client.start_observation(name="tool", input=inputs).end(), empty


def posthog(port: int) -> tuple[Call, Call | None]:
    from posthog import Posthog

    client = Posthog("phc_bench", host=f"http://127.0.0.1:{port}")
    properties = event()
    return lambda: client.capture("tool", distinct_id="bench", properties=properties), None


def langsmith(port: int) -> tuple[Call, Call]:
    import uuid
    from datetime import UTC, datetime

    from langsmith import Client, traceable

    client = Client(api_url=f"http://127.0.0.1:{port}", api_key="ls_bench", info={"batch_ingest_config": {}})
    inputs = event()

    @traceable(client=client)
    def empty() -> None: ...

    def enqueue() -> None:
        run, now = uuid.uuid4(), datetime.now(UTC)
        client.create_run(
            "tool", inputs, "tool", id=run, trace_id=run, dotted_order=f"{now:%Y%m%dT%H%M%S%fZ}{run}"
        )

    return enqueue, empty


CONTENDERS: dict[str, Callable[[int], tuple[Call, Call | None]]] = {
    "this client": ours,
    "this client, spool": with_spool,
    "opentelemetry": opentelemetry,
    "langfuse": langfuse,
    "posthog": posthog,
    "langsmith": langsmith,
}
OURS = ("this client", "this client, spool")


def event() -> dict[str, Any]:
    """Return the inputs of an event of about 1.5 KB."""
    sys.path.insert(0, str(HERE.parent))
    from benchmarks import payload

    return dict(payload.events(1, seed=payload.SEED)[0]["inputs"]) | {"text": "x " * 500}


def timed(call: Call) -> dict[str, float]:
    """Return the mean and the percentiles of a call, in microseconds."""
    for _ in range(200):
        call()
    time.sleep(0.05)
    took: list[int] = []
    clock = time.perf_counter_ns
    for _ in range(CALLS // BURST):
        for _ in range(BURST):
            start = clock()
            call()
            took.append(clock() - start)
        time.sleep(PAUSE)
    took.sort()
    place = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    found = {name: took[int(len(took) * part)] / 1e3 for name, part in place.items()}
    return {"mean": sum(took) / len(took) / 1e3, **found}


def compute(stop: threading.Event) -> None:
    number = 0
    while not stop.is_set():
        for _ in range(1_000):
            number = (number * 31 + 7) % 1_000_003


def child(name: str, port: int, busy: int) -> None:
    os.environ.setdefault("LANGSMITH_TRACING", "true")
    enqueue, empty = CONTENDERS[name](port)
    stop = threading.Event()
    for _ in range(busy):
        threading.Thread(target=compute, args=(stop,), daemon=True).start()
    found = {"enqueue": timed(enqueue)} | ({} if empty is None else {"decorated": timed(empty)})
    print(json.dumps(found), flush=True)
    os._exit(0)  # what is left is of no interest


def interpreter(name: str, peers: str) -> str:
    return sys.executable if name in OURS else peers


def run(name: str, port: int, busy: int, peers: str) -> dict[str, dict[str, float]]:
    command = [interpreter(name, peers), str(HERE / "enqueuing.py"), name, str(port), str(busy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode or not done.stdout.strip():
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    found: dict[str, dict[str, float]] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def medians(rounds: list[dict[str, dict[str, float]]]) -> Iterator[tuple[str, dict[str, float]]]:
    for what in rounds[0]:
        yield (
            what,
            {name: sorted(one[what][name] for one in rounds)[len(rounds) // 2] for name in rounds[0][what]},
        )


def main(peers: str) -> None:
    """Measure all contenders and print a table for each load."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.sink"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as sink:
        assert sink.stdout is not None
        assert sink.stdin is not None
        port = int(sink.stdout.readline())
        for busy in (0, BUSY):
            rounds: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in CONTENDERS}
            for _ in range(ROUNDS):
                for name in CONTENDERS:
                    rounds[name].append(run(name, port, busy, peers))
            print(f"\n{'alone' if not busy else f'next to {busy} busy threads'}, µs of one call")
            base = {what: found["mean"] for what, found in medians(rounds["this client"])}
            for name, measured in rounds.items():
                for what, found in medians(measured):
                    figures = "  ".join(f"{one} {value:9.1f}" for one, value in found.items())
                    ratio = found["mean"] / base[what]
                    print(f"{what:10} {name:20} {figures}  {ratio:6.2f} of this client", flush=True)
        sink.stdin.close()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main(os.environ["BENCH_TRACING_PYTHON"])
