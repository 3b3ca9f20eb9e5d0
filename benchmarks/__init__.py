"""Measurements next to other clients: `python -m benchmarks --list` names them, README.md explains them."""
