"""The code that makes `generated/` from `openapi.yaml`, for `nox -s generate`. It is not shipped."""
