"""Defaults that signatures show. This file imports nothing, because naming a client loads it."""

DEFAULT_CONCURRENCY = 4  # requests of one batch that are in flight at a time
MOST_A_PAGE = 1000  # SearchEventsRequest.limit of the API document
