"""A small real program that records each of its steps as an event; `nox -s quickstart` runs it."""
