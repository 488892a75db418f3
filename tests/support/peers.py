"""Packages that tests compare with; some restrict the versions of other libraries."""

import importlib
import os
from types import ModuleType

import pytest

#: `tests/other_versions.py` lists here the packages that conflict with the versions it tests.
VARIABLE = "PRETESE_ABSENT_PEERS"


def peer(distribution: str, module: str) -> ModuleType:
    """Import a module of a peer; skip the test, by name, if the peer is known to be absent."""
    if distribution in os.environ.get(VARIABLE, "").split(","):
        pytest.skip(f"{distribution} cannot be installed beside these versions")
    return importlib.import_module(module)
