"""How `generated/` is made from `openapi.yaml`. Run by `nox -s generate`; never shipped."""
