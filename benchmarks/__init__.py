"""Side-by-side measurements. `python -m benchmarks --list` names the jobs; docs/performance.md has results."""
