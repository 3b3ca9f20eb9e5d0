"""Settings, secrets and checks: loose arguments become frozen objects, once."""
