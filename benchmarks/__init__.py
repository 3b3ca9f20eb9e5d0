"""Side-by-side measurements. `python -m benchmarks --list` names jobs; docs/performance.md has tables."""
