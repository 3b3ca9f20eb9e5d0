"""From the JSON of an event that the service sent to what a reader sees of it. Pure."""

__all__: list[str] = []
