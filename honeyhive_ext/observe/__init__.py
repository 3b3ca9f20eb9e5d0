"""What a client shows of its work: hooks, log records, progress."""
