"""The page's pure modules, in the browser: trees next to an oracle, sweeps, texts, numbers, conversations."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from honeyhive_ext.local import LocalServer
from tests.browser.conftest import Viewer
from tests.browser.driving import Page
from tests.support.page_events import png
from tests.support.scale import seed

Run = Callable[..., Any]


@pytest.fixture
def run(viewer: Viewer) -> Run:
    """Run a function of JavaScript with what modules of the page export, and these arguments."""
    viewer.page.goto(f"{viewer.address}/_local/page/icon.svg")  # of the same origin, and without the page
    return lambda module, code, *values: inside(viewer.page, module, code, *values)


def inside(page: Page, module: str, code: str, *values: Any) -> Any:
    script = "async ([module, code, values]) => { const m = await import(`/_local/page/${module}.js`); return (FUNCTION)(m, ...values); }"
    return page.evaluate(script.replace("FUNCTION", code), [module, "", list(values)])


FLAT = """(m, rows, session, folds, roots, matches) => {
  const tree = new m.Tree(rows, session);
  const list = (one) => Array.from(one);
  const projection = new m.Projection(tree, folds, tree.place(roots), matches && new Set(matches));
  const whole = { order: list(tree.order), depth: list(tree.depth), size: list(tree.size), up: list(tree.up), position: list(tree.position),
    setsize: list(tree.setsize), errors: list(tree.errors), flags: list(tree.flags), visible: list(projection.visible), splices: [] };
  for (let n = 0; n < 8 && projection.visible.length; n++) {
    const line = (n * 7) % projection.visible.length;
    projection.fold(line, n % 2 === 0);
    const folded = rows.filter((_, i) => projection.folded[tree.at[i]]).map((row) => row.event_id);
    const again = new m.Projection(tree, folded, tree.place(roots), matches && new Set(matches));
    whole.splices.push([list(projection.visible), list(again.visible)]);
  }
  return whole;
}"""


def rows_of(draw: random.Random) -> list[dict[str, Any]]:
    """Rows whose parents are anything: of the session, missing, themselves, each other."""
    count = draw.randrange(1, 14)
    names = [f"e{number}" for number in range(count)]
    rows = []
    for name in names:
        parent = draw.choice([*names, *names, "s", "gone", None, ""])
        start = draw.choice([None, draw.randrange(20), draw.randrange(20)])
        end = draw.choice([None, draw.randrange(20, 40)])
        error = draw.choice([None, None, "x", ""])
        rows.append(
            {
                "event_id": name,
                "parent_id": parent,
                "start_ms": start,
                "end_ms": end,
                "duration_ms": None,
                "error": error,
            }
        )
    return rows


def oracle(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The same tree, made the slow way."""
    ids = [row["event_id"] for row in rows]
    parent = {
        one: row["parent_id"] if row["parent_id"] in ids else None for one, row in zip(ids, rows, strict=True)
    }
    rank = sorted(range(len(rows)), key=lambda i: (rows[i]["start_ms"] is None, rows[i]["start_ms"] or 0, i))
    by_time = [ids[i] for i in rank]
    flags = dict.fromkeys(ids, 0)
    for row in rows:
        flags[row["event_id"]] += (
            1 * (row["parent_id"] not in (None, "", "s", *ids))
            + 4 * (row["end_ms"] is None)
            + 8 * (row["start_ms"] is None)
        )
    for one in by_time:
        path, at = [one], parent[one]
        while at is not None and at not in path:
            path.append(at)
            at = parent[at]
        if at == one:  # the first of a cycle
            parent[one] = None
            flags[one] += 2
    children: dict[str | None, list[str]] = {}
    for one in by_time:
        children.setdefault(parent[one], []).append(one)

    def walk(one: str, depth: int) -> Iterator[tuple[str, int]]:
        yield one, depth
        for child in children.get(one, ()):
            yield from walk(child, depth + 1)

    flat = [pair for root in children.get(None, ()) for pair in walk(root, 0)]
    below = {one: [name for name, _ in walk(one, 0)] for one in ids}
    place = {name: at for at, (name, _) in enumerate(flat)}
    error = {row["event_id"]: row["error"] is not None for row in rows}
    return {
        "order": [ids.index(name) for name, _ in flat],
        "depth": [depth for _, depth in flat],
        "size": [len(below[name]) for name, _ in flat],
        "up": [-1 if parent[name] is None else place[str(parent[name])] for name, _ in flat],
        "position": [children[parent[name]].index(name) + 1 for name, _ in flat],
        "setsize": [len(children[parent[name]]) for name, _ in flat],
        "errors": [sum(error[one] for one in below[name]) for name, _ in flat],
        "flags": [flags[one] for one in ids],
    }


def test_every_tree_is_the_one_that_the_slow_way_makes(run: Run) -> None:
    draw = random.Random(seed())
    for _ in range(150):
        rows = rows_of(draw)
        ids = [row["event_id"] for row in rows]
        folds = draw.sample(ids, draw.randrange(len(ids)))
        root = draw.choice(["", "", *ids])
        matches = draw.choice([None, draw.sample(ids, draw.randrange(len(ids)))])
        found = run("tree", FLAT, rows, "s", folds, root, matches)
        expected = oracle(rows)
        assert {key: found[key] for key in expected} == expected, rows
        assert sorted(found["order"]) == list(range(len(rows)))  # every event once
        for spliced, anew in found["splices"]:
            assert spliced == anew, rows


def test_gaps_and_overlaps_are_those_of_every_millisecond(run: Run) -> None:
    draw = random.Random(seed())
    code = (
        "(m, rows) => import('/_local/page/tree.js').then(({ Tree }) => m.coverage(new Tree(rows, 'p'), 0))"
    )
    for _ in range(150):
        spans = sorted(
            tuple(sorted((draw.randrange(40), draw.randrange(40)))) for _ in range(draw.randrange(1, 7))
        )
        rows = [{"event_id": "p", "parent_id": None, "start_ms": 5, "end_ms": 30}]
        rows += [
            {"event_id": f"c{n}", "parent_id": "p", "start_ms": a + 0.0, "end_ms": b}
            for n, (a, b) in enumerate(spans)
        ]
        rows = [rows[0], *(row for row in rows[1:] if row["start_ms"] >= 5)]
        if len(rows) == 1:
            continue
        found = run("timeline", code, rows)
        running = [sum(row["start_ms"] <= at < row["end_ms"] for row in rows[1:]) for at in range(5, 30)]
        for name, wanted in (("gaps", lambda n: n == 0), ("overlaps", lambda n: n > 1)):
            inside_of = [any(a <= at < b for a, b in found[name]) for at in range(5, 30)]
            assert inside_of == [wanted(n) for n in running], (rows, found)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain é 日本 👩\u200d💻 a\tb\nc", "plain é 日本 👩\u200d💻 a\tb\nc"),
        ("\x1b[31mred\x00\x07", "␛[31mred␀␇"),
        ("invoice \u202egpj.exe", "invoice ⟨U+202E⟩gpj.exe"),
        ("a\u2066b\u200bc\ufeffd\U000e0041", "a⟨U+2066⟩b⟨U+200B⟩c⟨U+FEFF⟩d⟨U+E0041⟩"),
        ("line\r\nline\rline", "line\nline␍line"),
    ],
)
def test_what_would_hide_or_turn_text_is_visible(run: Run, text: str, seen: str) -> None:
    assert run("dom", "(m, text) => m.shown(text)", text) == seen


def test_numbers_are_short_and_keep_their_sense(run: Run) -> None:
    given = [None, 0, 0.25, 12, 999, 1000, 12_345, 61_000, 3_600_000, 90_061_000, -1500]
    assert run("dom", "(m, all) => all.map((one) => m.duration(one))", given) == [
        "–", "0 ms", "0.25 ms", "12 ms", "999 ms", "1.00 s", "12.3 s", "1 m 1 s", "1 h 0 m", "25 h 1 m", "-1.50 s"]  # fmt: skip
    assert run("dom", "(m, all) => all.map((one) => m.cost(one))", [None, 0, 0.00001, 0.0123, 1.5, -0.5]) == [
        "–", "$0.00", "<$0.0001", "$0.0123", "$1.50", "-$0.50"]  # fmt: skip
    assert run("dom", "(m, all) => all.map((one) => m.date(one))", [0, None, 1e20]) == [
        "1970-01-01 00:00:00",
        "–",
        "100000000000000000000",
    ]
    assert run("dom", "(m) => [m.cut('ab😀c', 3), m.cut('ab😀c', 4), m.cut('ab', 9)]") == ["ab", "ab😀", "ab"]


def test_a_number_keeps_its_own_text(run: Run) -> None:
    code = "(m, text) => Object.values(m.parse(text)).map((one) => one.text ?? one)"
    assert run("api", code, '{"a": 12345678901234567890, "b": 1.0, "c": 1e5, "d": 3, "e": "1.0"}') == [
        "12345678901234567890",
        "1.0",
        "1e5",
        3,
        "1.0",
    ]


CONDITIONS: list[tuple[list[str], Any, str]] = [
    (["metadata", "cost"], 0.5, "metadata.cost == 0.5"),
    (["metadata", "gen_ai.usage.input_tokens"], 7, "metadata.gen_ai.usage.input_tokens == 7"),
    (["metadata", "a key"], 'say "hi"', '"metadata.a key" == "say \\"hi\\""'),
    (["metadata", 'q"'], True, '"metadata.q\\"" == true'),
    (["error"], None, "error not exists"),
    (["inputs", "x"], {"a": 1}, "inputs.x exists"),
    (["inputs", "x"], "y" * 400, 'inputs.x contains "' + "y" * 300 + '"'),
]


@pytest.mark.parametrize(("keys", "value", "text"), CONDITIONS, ids=[one[2][:30] for one in CONDITIONS])
def test_the_condition_of_a_value_is_one_that_filters_read_and_it_holds(
    run: Run, server: LocalServer, keys: list[str], value: Any, text: str
) -> None:
    assert run("json", "(m, keys, value) => m.condition(keys, value)", keys, value) == text
    from honeyhive_ext.filters import parse

    parse(text)


TALK = "(m, event) => { const { before, after } = m.conversation(event); const all = (list) => list.map((one) => [one.role, one.content ?? null, one.calls.map(({ name, args }) => [name, args ?? null])]); return [all(before), all(after)]; }"


@pytest.mark.parametrize(
    ("event", "before", "after"),
    [
        ({"inputs": {"chat_history": [{"role": "user", "content": "hi"}]}, "outputs": {"role": "assistant", "content": "yes"}},
         [["user", "hi", []]], [["assistant", "yes", []]]),
        ({"inputs": {"messages": [{"type": "human", "content": "hi"}]}, "outputs": {"text": "plain"}},
         [["user", "hi", []]], [["assistant", "plain", []]]),
        ({"outputs": {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}},
         [], [["assistant", None, [["f", "{}"]]]]),
        ({"outputs": {"role": "assistant", "tool_calls.0.id": "1", "tool_calls.0.function.name": "f", "tool_calls.0.function.arguments": "{}"}},
         [], [["assistant", None, [["f", "{}"]]]]),
        ({"outputs": {"tool_calls": {"0": {"name": "f", "args": {"x": 1}}}}}, [], [["assistant", None, [["f", {"x": 1}]]]]),
        ({"outputs": {"chat_history": [{"role": "assistant", "content": "a"}], "role": "assistant", "content": "a"}},
         [], [["assistant", "a", []]]),
        ({"inputs": {"question": "why"}, "config": {"template": [{"role": "user", "content": "Answer {{question}}"}]}},
         [["user", "Answer why", []]], []),
        ({"inputs": None, "outputs": 5, "config": [1]}, [], []),
        ({"inputs": {"messages": "text", "chat_history": {"a": 1}}, "outputs": {"text": 5}}, [], []),
        ({"outputs": {"choices": [{"message": {"role": "assistant", "content": "c"}}]}}, [], [["assistant", "c", []]]),
    ],
)  # fmt: skip
def test_a_conversation_is_found_however_it_is_written(
    run: Run, event: dict[str, Any], before: list[Any], after: list[Any]
) -> None:
    assert run("chat", TALK, event) == [before, after]


def test_only_a_picture_in_base64_becomes_one(run: Run) -> None:
    code = "(m, all) => all.map((one) => m.image(one) !== null)"
    whole = f"data:image/png;base64,{png()}"
    odd = [
        "https://evil.test/x.png",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html;base64,PGI+",
        "data:image/png,raw",
        None,
        5,
    ]
    assert run("json", code, [whole, *odd]) == [True, *[False] * len(odd)]
