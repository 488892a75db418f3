"""Estimates of a case in files: read, assessed and joined a few replicates at a time.

At most `CHUNK` replicates are in memory, however many there are.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray

from estimate.core.result import RATIOS
from estimate.performance.joint_moments import JointMoments
from estimate.performance.measures import precision_gain
from estimate.performance.moments import Measure, Moments
from estimate.performance.tally import Tally, covering
from pretese.io.input.parquet_file import parquet_errors

Floats = NDArray[np.float64]

#: Replicates read together, and per row group of the joined estimates. Sums are taken chunk by
#: chunk, so that their last digit depends on this number, not on the files.
CHUNK = 2000

#: Names an analysis within a case.
Words = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class AnalysisKey:
    """Names an analysis: a method of a plan in a case, on a scale."""

    case: str
    plan: str
    method: str
    scale: str

    @property
    def words(self) -> Words:
        """Plan, method and scale."""
        return self.plan, self.method, self.scale


@dataclass(frozen=True, slots=True)
class Replicates:
    """Estimates of one method in some replicates; each (replicate,), ratios as logarithms."""

    estimate: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    p_value: Floats
    sate: Floats

    def tally(self, truth: Floats | float) -> Tally:
        """Reduce the replicates, judged against a truth: one number, or one per replicate."""
        return Tally.of(
            self.estimate,
            self.std_error,
            truth,
            conf_low=self.conf_low,
            conf_high=self.conf_high,
            p_value=self.p_value,
        )

    def covering(self, point: ArrayLike) -> Moments:
        """Count the intervals that contain a value."""
        return covering(self.estimate, self.conf_low, self.conf_high, point)

    def covers(self, truth: float) -> Floats:
        """Return 1 where the interval contains the true effect, else 0; NaN without an interval."""
        inside = (self.conf_low <= truth) & (truth <= self.conf_high)
        return np.where(np.isnan(self.conf_low), np.nan, inside)

    def rejects(self) -> Floats:
        """Return 1 where p is at or below 0.05, 0 where not, NaN without a p-value."""
        return np.where(np.isnan(self.p_value), np.nan, self.p_value <= 0.05)


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Differences from a reference on common random numbers; parts add up to the whole."""

    bias: Moments
    mse: Moments
    coverage: Moments
    rejection: Moments
    estimates: JointMoments

    @classmethod
    def of(
        cls, here: Replicates, truth: float, other: Replicates, its_truth: float
    ) -> "PairedDifference":
        """Compare the same replicates of two methods, or of two cases."""
        error, its_error = here.estimate - truth, other.estimate - its_truth
        return cls(
            bias=_difference(error, its_error),
            mse=_difference(error**2, its_error**2),
            coverage=_difference(here.covers(truth), other.covers(its_truth)),
            rejection=_difference(here.rejects(), other.rejects()),
            estimates=JointMoments.of(here.estimate, other.estimate),
        )

    def __add__(self, other: "PairedDifference") -> "PairedDifference":
        parts = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return PairedDifference(**parts)

    def measures(self) -> dict[str, Measure]:
        """Return differences, each with the Monte Carlo error of paired values."""
        return {
            "bias": self.bias.average(),
            "mse": self.mse.average(),
            "coverage": self.coverage.average(),
            "rejection": self.rejection.average(),
            "relative_precision": precision_gain(self.estimates),
        }


def _difference(a: Floats, b: Floats) -> Moments:
    return Moments.of(a - b, np.isfinite(a) & np.isfinite(b))


@dataclass(frozen=True, slots=True)
class Source:
    """The estimates of a case: Parquet files in order, and the number of replicates."""

    files: Sequence[Path]
    replicates: int

    def tables(self) -> Iterator[pa.Table]:
        """Yield the replicates in order, `CHUNK` at a time; the last table may be shorter."""
        waiting: list[pa.Table] = []
        start = 0
        for group in self._groups():
            waiting.append(group)
            ready = pc.max(group["replicate"]).as_py() + 1
            while start < self.replicates and ready >= (end := self._end(start)):
                table = pa.concat_tables(waiting)
                yield _some(table, start, end)
                waiting, start = [_some(table, end, ready)], end

    def _end(self, start: int) -> int:
        return min(start + CHUNK, self.replicates)

    def _groups(self) -> Iterator[pa.Table]:
        for path in self.files:
            with parquet_errors(str(path)), pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    yield file.read_row_group(group)

    def chunks(self) -> Iterator[Mapping[Words, Replicates]]:
        """Yield the estimates of every method, `CHUNK` replicates at a time."""
        return map(_by_answer, self.tables())

    def first(self, limit: int) -> dict[Words, Replicates]:
        """Return the estimates of every method in the first replicates, at most ``limit``."""
        few = Source(self.files, min(limit, self.replicates))
        chunks = list(few.chunks())
        return {
            words: Replicates(
                **{
                    field.name: np.concatenate(
                        [getattr(part[words], field.name) for part in chunks]
                    )
                    for field in fields(Replicates)
                }
            )
            for words in chunks[0]
        }


def join_estimates(source: Source, path: Path) -> None:
    """Write the replicates into one file, one row group per chunk."""
    writer: pq.ParquetWriter | None = None
    try:
        for table in source.tables():
            whole = table.unify_dictionaries()
            writer = writer or pq.ParquetWriter(path, whole.schema, compression="zstd")
            writer.write_table(whole)
    finally:
        if writer is not None:
            writer.close()


def _some(table: pa.Table, first: int, end: int) -> pa.Table:
    """Return the rows of replicates ``first .. end - 1``."""
    number = table["replicate"]
    return table.filter(pc.and_(pc.greater_equal(number, first), pc.less(number, end)))


def _by_answer(table: pa.Table) -> dict[Words, Replicates]:
    """Split a table by plan, method and scale, each in the order of its replicates."""
    words = [table[name].unify_dictionaries().combine_chunks() for name in _WORDS]
    names = [column.dictionary.to_pylist() for column in words]
    places = [column.indices.to_numpy() for column in words]
    key = np.ravel_multi_index(places, [len(each) for each in names])
    columns = {field.name: table[field.name].to_numpy() for field in fields(Replicates)}
    order = np.argsort(key, kind="stable")
    cuts = np.flatnonzero(np.diff(key[order])) + 1
    found = {}
    for rows in np.split(order, cuts):
        plan, method, scale = (each[at[rows[0]]] for each, at in zip(names, places, strict=True))
        found[plan, method, scale] = _replicates(columns, rows, scale)
    return found


_WORDS = ("plan", "method", "scale")

#: Columns that contain ratios if the scale is a ratio.
_BACK = frozenset({"estimate", "conf_low", "conf_high", "sate"})


def _replicates(columns: Mapping[str, Floats], rows: Any, scale: str) -> Replicates:
    with np.errstate(divide="ignore", invalid="ignore"):
        return Replicates(
            **{
                name: np.log(column[rows]) if scale in RATIOS and name in _BACK else column[rows]
                for name, column in columns.items()
            }
        )
