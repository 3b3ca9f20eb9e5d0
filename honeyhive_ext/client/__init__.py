"""What a user holds: the sync and the async client, and their resources."""
