"""Settings, secrets and checks: loose arguments become frozen objects, once."""

__all__: list[str] = []
