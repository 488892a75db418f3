"""Patients per second written to Parquet, and memory: streamed here, against pandas.

Each method runs in a separate process, so that its peak memory is measured. Each writes the
patients, visits, injections, procedures, transfers and the truth of the same patients.
"""

import resource
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks.timing import cpu_seconds
from pretese.io.export.cohort_files import slices, write_slices
from simulate.cohort.draw import draw_cohort
from simulate.scenario.load import load_scenario
from simulate.tables.study_tables import tables

FEW, MANY = 200_000, 10_000_000


def streamed(folder: Path, patients: int) -> None:
    paper = load_scenario("paper")
    made = slices(paper, 1, 1, patients, coded_words=True)
    write_slices(made, paper, folder, ("parquet",), lambda done: None)


def at_one_go(folder: Path, patients: int) -> None:
    for name, table in tables(draw_cohort(load_scenario("paper"), 1, patients=patients)).items():
        table.to_parquet(folder / f"{name}.parquet", compression="zstd", index=False)


def measured(way: Callable[[Path, int], None], patients: int) -> tuple[float, float, float]:
    """Return seconds, peak memory in MB and the size of the files in MB."""
    with tempfile.TemporaryDirectory() as folder:
        begin = cpu_seconds()
        way(Path(folder), patients)
        took = cpu_seconds() - begin
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.parquet"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # Linux counts in kB
    return took, peak, size / 1e6


def main() -> None:
    ways = [
        ("streamed", streamed, FEW),
        ("pandas, whole tables", at_one_go, FEW),
        ("streamed", streamed, MANY),
    ]
    peaks = []
    for name, way, patients in ways:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            took, peak, size = alone.submit(measured, way, patients).result()
        peaks.append(peak)
        print(
            f"{name:22s} {patients:12,d} patients {took:7.1f} s {patients / took:9,.0f} patients/s"
            f" {peak:6.0f} MB peak memory {size:6.0f} MB written"
        )
    print(f"{MANY // FEW} times the patients take {peaks[2] / peaks[0]:.2f} times the memory")


if __name__ == "__main__":
    main()
