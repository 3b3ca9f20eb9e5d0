"""An agent with tools and a streamed answer, traced; `python -m examples.agent` runs it."""
