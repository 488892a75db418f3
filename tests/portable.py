"""Run small commands as on other processors, and compare every file they write, byte by byte.

Numpy is set to skip instruction sets, OpenBLAS to take the kernels of an older processor and
the C library its plainest functions: so that one machine represents several (`make test-portable`).
`make test-lowest` and `make test-newest` compare what other versions of the libraries write.
"""

import contextlib
import ctypes
import io
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import files
from pathlib import Path
from typing import Any

import click
import numpy as np

from pretese.cli import run

ROOT = Path(__file__).resolve().parents[1]

#: Kernels of OpenBLAS from the oldest on; a processor can run any older than itself.
KERNELS = {"x86_64": ("Prescott", "Nehalem", "Sandybridge", "Haswell"), "aarch64": ("ARMV8",)}

#: Processor features that the C library of Linux on x86-64 is told not to use.
PLAIN_LIBC = "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA,-FMA4,-AVX"

#: Commands that are run, each with ``--out`` of its own; ``{out}`` is the folder of all.
COMMANDS = {
    "simulated": "simulate paper --patients 200 "
    "--format csv,parquet,sav,dta,xpt,redcap,dataset-json",
    "untidy": "simulate strong-confounding --patients 300 --replicates 2 --data-errors 5",
    "analysed": "analyse {out}/simulated/patients.csv --plan docs/examples/plan.yaml --json",
    "reproduced": "reproduce --replicates 20 --workers 1 --bias-analysis --json",
    "recovered": "recover paper missing-at-random --replicates 2 --truth-patients 20000 "
    "--workers 1",
    "planned": "power superiority-any-sperm --replicates 100 --workers 1 --json",
    "monitored": "power three-analyses --replicates 20 --patient-level --workers 1",
    "several": "power three-endpoints --replicates 20 --workers 1",
    "minimised": "power minimisation-eight-sites --replicates 20 --workers 1",
    "clinic": "clinic --patients 200 --replicates 2 --workers 1 --xes --json",
}

#: The few of them that are run in the test suite.
FEW = ("simulated", "analysed", "several")


#: Packages that contain their own library of linear algebra.
_OWNERS = ("numpy", "scipy")

#: Names of the function that returns the kernel, with 64-bit and 32-bit indices.
_ASK = ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename")


@cache
def arithmetic() -> str:
    """Describe machine, instruction sets of numpy, kernels of linear algebra and C library.

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
    """Return the available instruction sets among those that numpy selects at run time."""
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


def plainer(kernel: str | None = None) -> dict[str, str]:
    """Return the environment of an older processor of this architecture: by default the oldest."""
    names = KERNELS.get(platform.machine(), ())
    chosen = kernel or (names[0] if names else "")
    settings = {"NPY_DISABLE_CPU_FEATURES": " ".join(instruction_sets())}
    if chosen:
        settings["OPENBLAS_CORETYPE"] = chosen
    if platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc":
        settings["GLIBC_TUNABLES"] = PLAIN_LIBC
    return settings


def write(out: Path, names: Sequence[str]) -> None:
    """Run the named commands; their console output becomes a file too."""
    out.mkdir(parents=True)
    for name in names:
        words = COMMANDS[name].format(out=out).split()
        reported = io.StringIO()
        with contextlib.redirect_stdout(reported):
            code = run([*words, "--out", str(out / name)])
        if code not in (0, 3):  # 3: a target may be missed with so few replicates
            raise RuntimeError(f"pretese {' '.join(words)} ended with {code}")
        text = reported.getvalue().replace(str(out), "OUT")
        (out / f"{name}.txt").write_text(text, encoding="utf-8")


def write_elsewhere(
    out: Path, names: Sequence[str], settings: Mapping[str, str], python: str = sys.executable
) -> str:
    """Run the named commands as on another processor; return its arithmetic."""
    call = [python, __file__, "--write", str(out), *names]
    settings = {**settings, "PYTHONPATH": str(ROOT)}
    reported = subprocess.run(
        call, cwd=ROOT, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    if reported.returncode:
        raise RuntimeError(reported.stderr)
    return reported.stdout.splitlines()[-1]


def differing(one: Path, other: Path) -> list[str]:
    """Return the files that are not the same in two folders."""
    files = [
        {path.relative_to(root) for path in root.rglob("*") if path.is_file()}
        for root in (one, other)
    ]
    both = files[0] & files[1]
    unlike = {name for name in both if (one / name).read_bytes() != (other / name).read_bytes()}
    return sorted(map(str, unlike | (files[0] ^ files[1])))


def main() -> int:
    """Compare this processor with older ones; return how many files differ, 0 if none."""
    found = 0
    with tempfile.TemporaryDirectory() as place:
        here = Path(place) / "here"
        click.echo(f"this processor: {write_elsewhere(here, tuple(COMMANDS), {})}")
        for kernel in KERNELS.get(platform.machine(), ("",)):
            there = Path(place) / (kernel or "plain")
            words = write_elsewhere(there, tuple(COMMANDS), plainer(kernel))
            unlike = differing(here, there)
            count = sum(path.is_file() for path in there.rglob("*"))
            click.echo(f"{words}: {len(unlike)} of {count} files differ")
            click.echo("".join(f"  {name}\n" for name in unlike), nl=False)
            found += len(unlike)
    return min(found, 1)


def compare_interpreters(other: str) -> int:
    """Compare the CSV files with those of another interpreter and its libraries.

    The other files legitimately differ: they contain versions, or are written by another library.
    """
    with tempfile.TemporaryDirectory() as place:
        here, there = Path(place) / "here", Path(place) / "there"
        write_elsewhere(here, tuple(COMMANDS), {})
        write_elsewhere(there, tuple(COMMANDS), {}, other)
        unlike = [name for name in differing(here, there) if name.endswith(".csv")]
        count = len(list(there.rglob("*.csv")))
    click.echo(f"{other}: {len(unlike)} of {count} tables differ {' '.join(unlike)}")
    return min(len(unlike), 1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--write", folder, *chosen]:
            write(Path(folder), chosen)
            click.echo(arithmetic())
        case [python]:
            sys.exit(compare_interpreters(python))
        case _:
            sys.exit(main())
