"""Blocks of a study without an output folder: removed together with its result."""

import shutil
import tempfile
import weakref
from pathlib import Path

from pretese.jobs.storage.blocks import Store


class TemporaryBlocks:
    """A folder of finished blocks, removed with this object or at exit."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="pretese-recovery-")
        self.store = Store(Path(folder), lasting=False)
        self._removed = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)

    def remove(self) -> None:
        """Remove the folder now."""
        self._removed()
