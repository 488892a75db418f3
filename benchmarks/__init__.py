"""Speed compared with named peers, measured in one run: `python -m benchmarks [name ...]`."""
