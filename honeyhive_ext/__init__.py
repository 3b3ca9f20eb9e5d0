"""The ergonomic door to the HoneyHive events API.

`HoneyHive` and `AsyncHoneyHive` create, batch, search and update events; `F` writes the filters of a
search; every error is a `HoneyHiveError`. The local server is in `honeyhive_ext.local` and is not loaded
from here.
"""

__version__ = "0.1.0"

from honeyhive_ext.aio import AsyncHoneyHive
from honeyhive_ext.batch import BatchFailure, BatchReport
from honeyhive_ext.client import HoneyHive
from honeyhive_ext.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    BatchError,
    ConfigError,
    EventError,
    HoneyHiveError,
    NotFoundError,
    PaginationIncomplete,
    PayloadTooLargeError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
)
from honeyhive_ext.retry import RetryPolicy

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncHoneyHive",
    "AuthenticationError",
    "BadRequestError",
    "BatchError",
    "BatchFailure",
    "BatchReport",
    "ConfigError",
    "EventError",
    "HoneyHive",
    "HoneyHiveError",
    "NotFoundError",
    "PaginationIncomplete",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RateLimitError",
    "ResponseError",
    "RetryPolicy",
    "ServerError",
    "__version__",
]
