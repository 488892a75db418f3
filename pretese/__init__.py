"""The door: command line, files, reports, and the one place that joins simulation to estimation."""

import os

__version__ = "0.1.0"

# One thread per process, before numpy loads: results must not depend on how many cores a machine
# has, and work is spread over processes instead.
for _library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
