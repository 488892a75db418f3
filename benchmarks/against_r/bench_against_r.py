"""Time and digits of single fits against R on the same tables: `python -m benchmarks against_r`.

Both times are medians of CPU time in one thread; R's is user time of its default settings. The
differences are relative, against fits of R that go on until nothing moves. Rscript is needed; a
package of R that is absent is named.
"""

import platform
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.against_r.our_fits import OurFit, our_fits, tables

FITS = 20

#: What R calls, by the names of the tasks of ``fits.R``.
CALLS = {
    "survey": "`survey::svyglm`, logistic, strata and clusters",
    "three arms": "`nnet::multinom`, then `survey::svyglm` with weights",
    "repeated": "`nlme::gls`, corSymm",
    "structural model": "`glm`, `sandwich::vcovCL`",
    "structural model by ipw": "`ipw::ipwtm`",
    "Cox with weights": "`survival::coxph`, robust",
    "GEE": "`geepack::geeglm`, exchangeable",
    "proportional odds": "`MASS::polr`",
    "counts": "`glm` (Poisson), `sandwich::vcovHC`",
}

HEAD = """| fit | R | R, ms | this package, ms | estimate differs by | standard error differs by |
|---|---|---|---|---|---|"""


def main() -> None:
    rscript = shutil.which("Rscript")
    if rscript is None:
        sys.exit("Rscript is not installed")
    theirs = fits_of_r(rscript)
    ours = our_fits()
    versions = ", ".join(f"{name} {number}" for name, number in theirs["version"])
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {version('numpy')}, "
          f"statsmodels {version('statsmodels')}; {versions}; {FITS} fits each\n")  # fmt: skip
    print(HEAD)
    for name, call in CALLS.items():
        print(f"| {' | '.join([name, call, *cells(theirs[name], ours.get(name))])} |")


def fits_of_r(rscript: str) -> dict[str, list[list[str]]]:
    """Return the lines that R prints, by their first word."""
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables().items():
            table.to_csv(Path(folder) / f"{name}.csv", index=False)
        script = Path(__file__).with_name("fits.R")
        run = subprocess.run(
            [rscript, str(script), folder, str(FITS)], check=True, stdout=subprocess.PIPE, text=True
        )  # what R complains of is shown
    found: dict[str, list[list[str]]] = {}
    for line in run.stdout.splitlines():
        first, *rest = line.split(",")
        seen = found.setdefault(first, [])
        seen += [rest] if rest not in seen or first != "version" else []
    return found


def cells(lines: list[list[str]], fit: OurFit | None) -> list[str]:
    """Return times and largest relative differences of one task."""
    if lines[0][0] == "not installed" or fit is None:
        return [f"{lines[0][1]} is not installed", "", "", ""]
    (spent,), *rows = lines
    numbers = fit.numbers(fit.call())
    seconds = median(cpu_time(fit) for _ in range(FITS))
    pairs = [(pair, [float(each) for each in row]) for pair, row in zip(numbers, rows, strict=True)]
    off = [max(abs(mine[k] / other[k] - 1) for mine, other in pairs) for k in (0, 1)]
    return [f"{1000 * float(spent):.0f}", f"{1000 * seconds:.1f}", *(f"{each:.0e}" for each in off)]


def cpu_time(fit: OurFit) -> float:
    begin = time.process_time()
    fit.call()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
