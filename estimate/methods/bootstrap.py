"""Standard errors of any method by resampling patients, or whole clusters.

Efron B. *Ann Stat* 1979;7:1-26. Samples are a leading axis of the arrays: a method runs on them as
it runs on the replicates of a simulated study.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats, Ints
from estimate.core.result import RATIOS, Estimate, wald
from estimate.methods.shared_work import Work

#: Samples in memory together.
BLOCK = 100

#: Proportion of samples that must have an estimate; with fewer the method does not converge.
MIN_ESTIMATED = 0.9


def bootstrapped(
    run: Callable[[Work], Sequence[Estimate]], work: Work, samples: int, seed: int
) -> list[Estimate]:
    """Return the answers of a method with bootstrap errors: Wald's interval and test with them.

    Parameters
    ----------
    run
        The method; everything it estimates (score, weights, models) is estimated again in each
        sample.
    work
        One table; a work of imputations is refused, since imputation must follow resampling.
    samples
        Number of samples.
    """
    if work.data.include.ndim > 1:
        raise ValueError("bootstrap errors are for one table")
    answers = list(run(work))
    drawn = [_effects(run(sample)) for sample in _samples(work, samples, seed)]
    spread = np.concatenate(drawn, axis=-1)
    return [_with_error(each, row, work.data) for each, row in zip(answers, spread, strict=True)]


def _effects(answers: Sequence[Estimate]) -> Floats:
    """Return the estimates on the scale of their errors, (answer, sample); NaN without one."""
    rows = []
    for each in answers:
        value = np.log(each.estimate) if each.scale in RATIOS else each.estimate
        rows.append(np.where(each.converged & np.isfinite(value), value, np.nan))
    return np.stack(rows)


def _samples(work: Work, samples: int, seed: int) -> Iterator[Work]:
    """Yield blocks of samples, each a work with the sample as leading axis."""
    rng = np.random.default_rng(seed)
    for first in range(0, samples, BLOCK):
        count = min(BLOCK, samples - first)
        rows, units = _rows(work.data, count, rng)
        data = _resampled(work.data, rows, units)
        observed = data
        if work.observed is not work.data:
            observed = _resampled(work.observed, *_rows(work.observed, count, rng))
        with np.errstate(all="ignore"):
            yield Work(data, observed=observed, choices=work.choices, pooled=True, replicates=True)


def _rows(data: AnalysisSet, count: int, rng: np.random.Generator) -> tuple[Ints, Ints | None]:
    """Return rows drawn with replacement (sample, n), and the units they belong to, or None."""
    here = np.flatnonzero(data.include)
    if data.cluster is None:
        return here[rng.integers(0, len(here), (count, len(here)))], None
    _, own = np.unique(data.cluster[here], return_inverse=True)
    groups = [here[own == unit] for unit in range(own.max() + 1)]
    longest = max(map(len, groups)) * len(groups)
    rows, units = np.full((count, longest), -1), np.zeros((count, longest), np.int64)
    for sample in range(count):
        drawn = rng.integers(0, len(groups), len(groups))
        chosen = np.concatenate([groups[unit] for unit in drawn])
        rows[sample, : len(chosen)] = chosen
        units[sample, : len(chosen)] = np.repeat(
            np.arange(len(drawn)), [len(groups[unit]) for unit in drawn]
        )
    kept = (rows >= 0).any(0)
    return rows[:, kept], units[:, kept]


def _resampled(data: AnalysisSet, rows: Ints, units: Ints | None) -> AnalysisSet:
    """Return an analysis set of the drawn rows; a row of -1 is not analysed."""
    there = rows >= 0

    def pick(column: Floats, empty: float = 0.0) -> Floats:
        return np.where(there, column[rows], empty)

    return replace(
        data,
        treatment=pick(data.treatment),
        outcome=pick(data.outcome),
        covariates={name: pick(column) for name, column in data.covariates.items()},
        include=there,
        reasons={},
        cluster=units,
        time=None if data.time is None else pick(data.time),
        exposure=None if data.exposure is None else pick(data.exposure, 1.0),
        sampling=None if data.sampling is None else pick(data.sampling),
    )


def _with_error(answer: Estimate, drawn: Floats, data: AnalysisSet) -> Estimate:
    """Return the answer with the standard deviation of its bootstrap samples as its error."""
    known = drawn[np.isfinite(drawn)]
    enough = len(known) >= MIN_ESTIMATED * len(drawn) and len(known) > 1
    error = known.std(ddof=1) if enough else np.nan
    value = np.log(answer.estimate) if answer.scale in RATIOS else answer.estimate
    kind = "clusters" if data.cluster is not None else "patients"
    return wald(
        answer.estimand, answer.method, answer.scale, value, error, answer.n,
        interval=f"Wald, bootstrap ({len(drawn):,} samples of {kind})",
        converged=answer.converged,
    )  # fmt: skip
