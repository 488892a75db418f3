"""Which arithmetic a process has: what of a processor decides the last bits of a number.

Written numbers are rounded (`rounding_rule`), so that unlike processors write the same bytes but
for a number at the edge of a rounding. Where `arithmetic` is the same, the last bits are too.
"""

import ctypes
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import files
from typing import Any

import numpy as np

#: Packages that bring a library of linear algebra of their own.
_OWNERS = ("numpy", "scipy")

#: What the function is called that names its kernels, 64-bit and 32-bit indices.
_ASK = ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename")


@cache
def arithmetic() -> str:
    """Return machine, instruction sets of numpy, kernels of linear algebra and C library, in words.

    Equal words in two processes promise equal bits, at equal versions of the libraries; unequal
    words promise nothing.

    >>> arithmetic().startswith(platform.machine())
    True
    """
    used = " ".join(instruction_sets()) or "baseline"
    kernels = " ".join(_kernels()) or "unknown"
    libc = " ".join(platform.libc_ver()).strip() or platform.system()
    return f"{platform.machine()}; numpy {used}; linear algebra {kernels}; {libc}"


def instruction_sets() -> list[str]:
    """Return the instruction sets that numpy chooses at run time, of those that are present."""
    built: Any = np.show_config(mode="dicts")
    return list(built["SIMD Extensions"].get("found", ()))


def _kernels() -> Iterator[str]:
    for owner in _OWNERS:
        for file in files(owner) or ():
            if "openblas" in file.name and file.suffix in {".so", ".dylib", ".dll"}:
                library = ctypes.CDLL(str(file.locate()))
                ask = next((getattr(library, n) for n in _ASK if hasattr(library, n)), None)
                if ask is not None:
                    ask.restype = ctypes.c_char_p
                    yield ask().decode()
