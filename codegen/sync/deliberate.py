"""Where openapi.yaml differs from the service's document on purpose, and why."""

# component -> why it refuses unknown properties although the service takes them
CLOSED = {"UpdateEventRequest": "the service ignores what it does not know, so a typo would lose data"}

# Formats that our requests ask for where the service says only "string": its own prose calls these fields
# UUIDs and ISO 8601 times.
FORMATS = ("uuid", "date-time")
