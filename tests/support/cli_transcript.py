"""What each command prints, against a local server and against a service that fails, as one text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.support.command_runner import Ran, Runner
from tests.support.misbehaving import Misbehaving, answer

RECORD = Path(__file__).resolve().parents[1] / "cli" / "transcript.txt"
SESSION = "caf77ace-3417-4da4-944d-f4a0688f3c23"
EVENT = "7f22137a-6911-4ed3-bc36-110f1dde6b66"
KEY = "hh_key_that_nobody_may_see_0123456789"
PLAIN = {"NO_COLOR": "1", "COLUMNS": "110", "SSL_CERT_FILE": "", "SSL_CERT_DIR": "", "HH_API_KEY": KEY}

ON_A_TERMINAL = (
    "sessions list",
    "sessions list --errors --json",
    f"sessions tree {SESSION}",
    f"sessions tree {SESSION} --output table",
    "events search 'session_id exists'",
    f"events get {EVENT}",
    "events count 'event_type is tool'",
    "events tail --since 2025-12-31T00:00:00Z --idle 0.05 --poll 0.02",
    "summary --by model",
    "validate events.jsonl --schema UpdateEventRequest",
    "schema list",
    "upstream openapi.yaml",
    "doctor",
)
IN_A_PIPE = (
    "events search 'metadata.cost > 0.01'",
    "events search 'metadata.cost > 0.01' --json --compact --max-chars 700",
    "events search --fields event_name,metadata.cost --output csv",
    f"sessions tree {SESSION} --compact --max-chars 1500",
    f"sessions tree {SESSION} --html trace.html",
    "events count --json",
    f"events update {EVENT} --set feedback.rating=5",
    'events create \'{"event_type": "tool", "event_id": "00000000-0000-0000-0000-000000000003"}\'',
    "summary --by event_type --output csv",
    "export week.jsonl.gz --since 2025-12-31T00:00:00Z",
    "export models.parquet -f 'event_type is model'",
    "export sheet.csv -f 'event_type is model'",
    "export set --partition day",
    "export set --partition day --columns metadata.cost",
    "import events.jsonl --dry-run",
    "import events.jsonl",
    "import bad.jsonl",
    "import bad.jsonl --dry-run",
    "validate bad.jsonl",
    "seed events.jsonl --db copy.db",
    "export --db copy.db",
    "events count --db copy.db",
    "spool status spool",
)
MISTAKES = (
    "events search 'metadata.cost >= 5'",
    "events search 'metdata.cost > 5' --json",
    "events search --since yesterday",
    "events serach",
    "events search --limit none --json",
    "events get 00000000-0000-0000-0000-00000000ffff",
    "sessions tree 00000000-0000-0000-0000-00000000ffff --json",
    "events get nonsense",
    "export week.xlsx",
    "export missing/week.parquet --db no.db",
    "export set --partition hour",
    "export set --partition day --limit 5",
    "export week.parquet --overlap 1h",
    "import none.jsonl",
    "schema show Evnet",
    "upstream bad.jsonl",
    "spool send nowhere",
)
FAILING = {
    "a key that is refused": answer(401, f'{{"message": "no project has the key {KEY}"}}'),
    "an address that is not the API": answer(404, "<html>not here</html>", {"Content-Type": "text/html"}),
    "a login page": answer(200, "<html>log in</html>", {"Content-Type": "text/html"}),
    "a service that is down for an hour": answer(503, "", {"Retry-After": "3600"}),
    "too many requests": answer(429, '{"message": "slow down"}', {"Retry-After": "3600"}),
}
ASKS = (
    "events search",
    "events count --json",
    f"events get {EVENT}",
    "events create --set event_type=tool",
    f"sessions tree {SESSION}",
    "sessions list",
    "summary",
    "export all.jsonl",
    "import events.jsonl --json",
    "doctor --output csv",
)


def transcript(runner: Runner, url: str, folder: Path) -> str:
    """Return what every command prints.

    Args:
        runner: What runs them.
        url: A local server with the sample of the tests.
        folder: A folder with the files of the examples, and `bad.jsonl`.
    """
    environ = {**PLAIN, "HH_API_URL": url}
    parts = ["What the commands print. tests/cli/test_cli_transcript.py makes this text and compares it."]
    parts += ["", "== On a terminal, against the local server", ""]
    for line in ON_A_TERMINAL:
        parts.append(
            _shown(line, runner.run(shlex.split(line), stdout="terminal", cwd=folder, environ=environ))
        )
    parts += ["== In a pipe, against the local server", ""]
    for line in IN_A_PIPE:
        parts.append(_shown(line, runner.run(shlex.split(line), cwd=folder, environ=environ)))
    parts += ["== Mistakes", ""]
    for line in MISTAKES:
        parts.append(_shown(line, runner.run(shlex.split(line), cwd=folder, environ=environ)))
    parts += list(_failures(runner, folder))
    text = "\n".join(parts)
    return _steady(text.replace(str(folder), "FOLDER"))


def _failures(runner: Runner, folder: Path) -> Iterator[str]:
    for name, given in FAILING.items():
        yield f"== Against {name}\n"
        for line in ASKS:
            with Misbehaving(then=given) as server:
                environ = {**PLAIN, "HH_API_URL": server.url}
                yield _shown(line, runner.run(shlex.split(line), cwd=folder, environ=environ))


def _shown(line: str, ran: Ran) -> str:
    out = [f"  {one}" for one in ran.out.decode(errors="backslashreplace").splitlines()]
    err = [f"! {one}" for one in ran.err.decode(errors="backslashreplace").splitlines()]
    text = "\n".join([*out, *err])
    assert KEY not in text, line
    assert "Traceback" not in text, text
    return "\n".join([f"$ honeyhive-ext {line}", *out, *err, f"[{ran.status}]", ""])


def _steady(text: str) -> str:
    """Return the text without what differs between two runs."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"port \d+", "port PORT", text)
    text = re.sub(r"in \d+ ms", "in N ms", text)
    text = re.sub(r"honeyhive-ext [\d.]+\S*, Python [\d.]+\S*, with [\w, ]+", "honeyhive-ext VERSION", text)
    text = re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC here", "TIME UTC here", text)
    return re.sub(r"[+-]\d+ s at the service", "N s at the service", text)
