"""A small real program whose every step becomes an event; `nox -s quickstart` runs it."""
