"""One call until it counts: requests, retries, errors, connections."""
