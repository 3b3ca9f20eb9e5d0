"""The application. Requests are answered at once; their events are sent in the background."""

from __future__ import annotations

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

from honeyhive_ext import trace

from .recording import RecordRequests, lifespan

app = FastAPI(lifespan=lifespan)
app.add_middleware(RecordRequests)

NOTES = {"trace": "A trace is all events of one session.", "span": "A span is one step."}


class Question(BaseModel):
    """The body of a request."""

    text: str


@trace(event_type="tool")
def search(text: str) -> list[str]:
    """Return the notes whose word the text has."""
    return [note for word, note in NOTES.items() if word in text.lower()]


@trace("compose", event_type="model")
async def compose(text: str, notes: list[str]) -> str:
    """Write the answer, as a model would."""
    trace.current().set(config={"model": "small-1"})
    return " ".join(notes)


@app.post("/ask")
async def ask(question: Question) -> dict[str, str]:
    """Answer a question; 404 if there is no note about it."""
    notes = search(question.text)
    if not notes:
        raise HTTPException(404, "I do not know.")
    return {"answer": await compose(question.text, notes)}
