"""The application under test: an agent that answers from notes, and takes what users think of its answers."""

from __future__ import annotations

from dataclasses import dataclass

from honeyhive_ext import HoneyHive, trace

NOTES = {"trace": "A trace is all events of one session.", "span": "A span is one step."}


@dataclass(frozen=True)
class Answer:
    """A text, and the id of the event that recorded it."""

    text: str
    event_id: str


@trace(event_type="tool")
def search(question: str) -> list[str]:
    """Return the notes whose word the question has."""
    if not question.strip():
        raise ValueError("ask something")
    return [note for word, note in NOTES.items() if word in question.lower()]


@trace("answer", event_type="session")
def answer(question: str) -> Answer:
    """Answer a question in a session of its own."""
    return Answer(" ".join(search(question)) or "I do not know.", trace.current().event_id)


def rate(given: Answer, rating: int) -> None:
    """Keep what a user thinks of an answer."""
    with HoneyHive() as hh:
        hh.events.update(given.event_id, feedback={"rating": rating})
