"""Run every benchmark, or those named: `python -m benchmarks simulation trials`."""

import importlib
import os
import platform
import sys
from pathlib import Path

# Set before numpy loads: one thread for our code and for the peers.
for library in ("OPENBLAS", "MKL", "OMP"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")


def main() -> None:
    here = Path(__file__).parent
    paths = {path.stem.removeprefix("bench_"): path for path in here.rglob("bench_*.py")}
    known = sorted(paths)
    wanted = sys.argv[1:] or known
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"no benchmark {unknown[0]!r}; there are: {', '.join(known)}")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, one thread per process")
    for name in wanted:
        print(f"\n== {name}")
        parts = paths[name].relative_to(here.parent).with_suffix("").parts
        importlib.import_module(".".join(parts)).main()


if __name__ == "__main__":
    main()
