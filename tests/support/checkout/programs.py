"""Programs that are run as files and belong to no package, imported for a test."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[3]


def load_program(path: str) -> ModuleType:
    """Import a file by its path from the top of the project."""
    place = ROOT / path
    name = place.stem
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
