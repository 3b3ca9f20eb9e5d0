"""The pipeline with its events, as an application that uses this package."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.quickstart.pipeline import Chunk, Hit, Index, compose, load, split, words
from honeyhive_ext import F, HoneyHive, TraceTree

QUESTIONS = (
    "How does a search find each event exactly once?",
    "What is lost when a process is killed?",
    "Does tracing slow down my application?",
    "How do I regenerate the client after openapi.yaml changes?",
    "How do I look at a trace?",
)
PAGE_SIZE = 50


@dataclass(frozen=True)
class Step:
    """One line of the table that the program prints."""

    did: str
    result: str


@dataclass(frozen=True)
class Answer:
    """What became of one question: its session, its model event, and the text."""

    session_id: str
    event_id: str
    text: str


def now_ms() -> float:
    """Return the current time in Unix ms."""
    return time.time_ns() / 1e6


def index_documents(hh: HoneyHive, root: Path) -> Iterator[Step | Index]:
    """Build the index in one session: a span for each stage, and a batch of an event for each chunk."""
    chunks: list[Chunk] = []
    events: list[dict[str, Any]] = []
    with hh.session("build index", inputs={"root": root.name}) as session:
        with hh.span("load", event_type="tool", inputs={"pattern": "*.md, docs/*.md"}) as span:
            documents = load(root)
            span.outputs = {"documents": {name: len(text) for name, text in documents.items()}}
        with hh.span("split and analyse", event_type="chain", inputs={"documents": len(documents)}) as span:
            for name, text in documents.items():
                for chunk in split(name, text):
                    began = now_ms()
                    found = words(chunk.text)
                    chunks.append(chunk)
                    events.append(
                        {
                            "event_type": "tool",
                            "event_name": "analyse chunk",
                            "session_id": session.session_id,
                            "parent_id": span.event_id,
                            "inputs": {"document": name, "position": chunk.position, "text": chunk.text},
                            "outputs": {"words": found},
                            "metadata": {"document": name, "words": len(found), "unique": len(set(found))},
                            "start_time": began,
                            "end_time": now_ms(),
                        }
                    )
            span.outputs = {"chunks": len(chunks)}
        with hh.span("index", event_type="tool", inputs={"chunks": len(chunks)}) as span:
            index = Index(chunks)
            span.outputs = {"words": len(index.weight)}
        report = hh.events.create_batch(events)
        session.outputs = {"documents": len(documents), "chunks": len(chunks)}
    yield Step(
        f"indexed {len(documents)} documents",
        f"{len(report.event_ids)} events in one batch ({report.requests} requests), 3 spans, 1 session",
    )
    yield index


def answer(hh: HoneyHive, index: Index, question: str) -> Answer:
    """Answer one question in its own session: a chain with a tool and a model below it."""
    with hh.session("question", inputs={"question": question}, user_properties={"tier": "demo"}) as session:
        with hh.span("answer", event_type="chain", inputs={"question": question}) as chain:
            with hh.span("retrieve", event_type="tool", inputs={"query": question, "top": 6}) as tool:
                hits = index.search(question, top=6)
                tool.outputs = {"hits": [_hit(h) for h in hits]}
            # The same without a block: an event made by hand, inside the surrounding span, and sent later.
            began = now_ms()
            text = compose(question, hits, index)
            read = [hit.chunk.text for hit in hits]
            event_id = hh.events.enqueue(
                "model",
                event_name="compose",
                inputs={"chat_history": [{"role": "user", "content": question}], "chunks": read},
                outputs={"role": "assistant", "content": text},
                config={"model": "extractive"},
                # A model would report its tokens. This one reads words, and asks nothing for it.
                metadata={
                    "prompt_tokens": sum(len(words(one)) for one in read),
                    "completion_tokens": len(words(text)),
                    "cost": 0,
                },
                start_time=began,
                end_time=now_ms(),
            )
            chain.outputs = {"answer": text}
        session.outputs = {"answer": text}
    return Answer(session.session_id, event_id, text)


def _hit(hit: Hit) -> dict[str, Any]:
    return {"document": hit.chunk.document, "position": hit.chunk.position, "score": round(hit.score, 3)}


def read_back(hh: HoneyHive, answer: Answer) -> Iterator[Step]:
    """Search over several pages, rate an answer, and read it back."""
    long = hh.events.search(
        F.event_name == "analyse chunk", F("metadata.words") > 20, page_size=PAGE_SIZE
    ).to_list()
    total = hh.events.search(page_size=PAGE_SIZE)
    pages = [len(page) for page in total.pages()]
    yield Step(
        "searched chunks of more than 20 words",
        f"{len(long)} events, {len({e.event_id for e in long})} of them different",
    )
    yield Step(
        "searched everything, newest first",
        f"{sum(pages)} events in {len(pages)} pages, {PAGE_SIZE} asked for at a time",
    )

    first = answer.event_id
    hh.events.update(first, feedback={"rating": 5, "comment": "to the point"}, metrics={"sentences": 2})
    event = hh.events.get(first)
    kept = f"feedback {event.feedback}, outputs kept: {bool(event.outputs)}"
    yield Step(f"rated and read back {first[:8]}…", kept)

    rated = hh.events.search(F("feedback.rating") > 4).to_list()
    yield Step("searched what is rated above 4", f"{len(rated)} event: {rated[0].event_name}")


def run(hh: HoneyHive, root: Path) -> Iterator[Step | TraceTree]:
    """Run the whole program: yield a line for each thing it did, and the trace of the last question."""
    index: Index | None = None
    for step in index_documents(hh, root):
        if isinstance(step, Step):
            yield step
        else:
            index = step
    assert index is not None  # noqa: S101 - index_documents always ends with it
    answers: list[Answer] = []
    for question in QUESTIONS:
        answers.append(answer(hh, index, question))
        yield Step(question, answers[-1].text)
    yield from read_back(hh, answers[0])
    yield hh.sessions.tree(answers[-1].session_id)
