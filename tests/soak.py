"""``make soak``: search long for input, kills or full disks that lose bytes or end in a traceback.

The result is a table in ``out/soak/soak.md``. Run again with the same seed, it goes on where it
stopped. The suite makes a short search of each kind: `tests/property/io`, `tests/e2e/jobs`.
"""

import importlib
import sys
import types
from pathlib import Path

if __name__ == "__main__":
    # Installed libraries contain a package `tests` too; this folder must come first.
    package = types.ModuleType("tests")
    package.__path__ = [str(Path(__file__).parent)]
    sys.modules["tests"] = package
    sys.exit(importlib.import_module("tests.support.soak.run").main())
