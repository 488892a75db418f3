"""Test helpers that benchmarks also use."""

import importlib
import sys
import types
from pathlib import Path
from typing import Any


def support(name: str) -> Any:
    """Import a module of ``tests/support``.

    Other distributions bring a package called ``tests``; ours is the folder next to this one.
    """
    ours = types.ModuleType("tests")
    ours.__path__ = [str(Path(__file__).parents[1] / "tests")]
    sys.modules.setdefault("tests", ours)
    return importlib.import_module(f"tests.support.{name}")
