"""python -m examples.agent: answer a question, and print the tree of what happened."""

from __future__ import annotations

from honeyhive_ext import HoneyHive, trace

from .agent import answer

QUESTION = "What is the weather in Berlin, Atlantis and Lisbon?"

with trace.session("weather agent", inputs={"question": QUESTION}) as session:
    session.outputs = {"answer": answer(QUESTION, show=lambda words: print(words, end="", flush=True))}

trace.flush()  # what is recorded is sent in the background
with HoneyHive() as hh:
    print(f"\n\n{hh.sessions.tree(session)}")
