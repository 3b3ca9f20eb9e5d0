# Generated from openapi.yaml by `nox -s generate`. Do not edit: the next run overwrites it.
"""A client library for accessing HoneyHive events API"""

from .client import AuthenticatedClient, Client

__all__ = (
    "AuthenticatedClient",
    "Client",
)
