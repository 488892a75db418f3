"""Speed beside named peers, measured in one run: `python -m benchmarks [name ...]`."""
