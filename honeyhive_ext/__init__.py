"""The ergonomic door to the HoneyHive events API."""

__version__ = "0.1.0"
