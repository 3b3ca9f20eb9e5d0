"""Defaults that signatures show. It imports nothing: the clients load it when they are named."""

DEFAULT_CONCURRENCY = 4  # requests of one batch in flight
MOST_A_PAGE = 1000  # SearchEventsRequest.limit of the API document
