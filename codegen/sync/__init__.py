"""Comparing a newer document of the service with openapi.yaml, and copying its changes."""
