"""Comparing a newer document of the service with openapi.yaml, and taking its changes over."""
