"""Input to wire event: fields, hints, times, ids, scope."""
