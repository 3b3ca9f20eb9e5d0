"""Defaults that signatures show. This file imports nothing, because naming a client loads it."""

DEFAULT_CONCURRENCY = 4  # requests of one batch that are in flight at a time
MOST_A_PAGE = 1000  # SearchEventsRequest.limit of the API document
MAX_ANSWER_BYTES = 256_000_000  # of the decoded body of one answer
