"""Where openapi.yaml differs from the service's document on purpose, and why."""

# component -> why it refuses unknown properties although the service accepts them
CLOSED = {"UpdateEventRequest": "the service ignores what it does not know, so a typo would lose data"}

# Formats of our requests for which the service says only "string". Its descriptions call these fields UUIDs
# and ISO 8601 times.
FORMATS = ("uuid", "date-time")

# URL of a server -> why openapi.yaml has it although the service's document does not
SERVERS = {"https://api.honeyhive.ai": "older clients and documents use it"}
