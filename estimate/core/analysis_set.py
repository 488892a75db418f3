"""Who is analysed, with which columns, and who is not and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.clusters import read_clusters, sum_by_cluster
from estimate.core.columns import Categorical, Kind, Numeric, read_columns
from estimate.core.estimand import Estimand
from estimate.core.refusals import refuse_what_cannot_be_analysed
from protocol.errors import Fault, InputError

#: What an outcome is.
OutcomeKind = Literal["binary", "continuous", "count", "ordinal", "time"]


@dataclass(frozen=True, slots=True)
class AnalysisSet:
    """Patients of every data set of a batch; ``...`` is the leading shape, ``()`` for one study.

    Excluded rows stay in the arrays with ``include`` False and all values 0, so that
    data sets of different sizes share one array.

    Attributes
    ----------
    treatment, outcome
        (..., n) 0 or 1.
    covariates
        Covariate name to (..., n): numbers, or for a categorical covariate the index of its level.
    kinds
        Covariate name to its kind, in the order in which the plan names them.
    include
        (..., n) who is analysed.
    reasons
        Reasons for exclusion, to (...) counts; a patient counts under the first reason only.
    treatment_name, outcome_name
        Column names, for labels.
    cluster
        (..., n) whole numbers from 0: rows of one cluster (a couple, a centre) are dependent. None
        if rows are independent.
    cluster_name
        Column name of the clusters; empty without.
    outcome_kind
        What ``outcome`` holds: 0 and 1, measurements, counts, numbers of ordered classes from 0, or
        for "time" 1 where ``time`` ends with the event.
    time, exposure
        (..., n) follow-up of a time to an event; denominator of a count. None if not of that kind.
    sampling
        (..., n) sampling weights: how many members of the population a patient represents; 0 for
        patients not analysed. None if all stand for equally many.
    sampling_name
        Column name of the sampling weights; empty without.
    levels
        Names of three arms or more, of which ``treatment`` then holds the index; the first is the
        reference. Empty for two arms.
    """

    treatment: Floats
    outcome: Floats
    covariates: Mapping[str, Floats]
    kinds: Mapping[str, Kind]
    include: Bools
    reasons: Mapping[str, Ints]
    treatment_name: str
    outcome_name: str
    cluster: Ints | None = None
    cluster_name: str = ""
    outcome_kind: OutcomeKind = "binary"
    time: Floats | None = None
    exposure: Floats | None = None
    sampling: Floats | None = None
    sampling_name: str = ""
    levels: tuple[str, ...] = ()

    @property
    def clusters(self) -> Ints:
        """Independent units analysed, (...): clusters, or patients without clusters."""
        if self.cluster is None:
            return self.n
        count = int(self.cluster.max(initial=0)) + 1
        inside = np.zeros((*self.include.shape[:-1], count), bool)
        np.put_along_axis(inside, np.where(self.include, self.cluster, 0), True, -1)
        # a cluster 0 without an analysed row was marked by excluded rows
        inside[..., 0] = (self.include & (self.cluster == 0)).any(-1)
        return np.asarray(np.count_nonzero(inside, axis=-1))

    def by_unit(self, terms: Floats) -> Floats:
        """Return terms (..., n, p) summed within independent units; as they are without clusters.

        Sums are scaled by the square root of G / (G - 1) for G clusters, so that their products
        estimate a covariance without the bias of few clusters to first order; with sampling
        weights G counts patients, as in a survey without strata.
        """
        if not self.robust:
            return terms
        g = self.clusters[..., None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            factor = np.sqrt(g / (g - 1))
        return (terms if self.cluster is None else sum_by_cluster(terms, self.cluster)) * factor

    @property
    def robust(self) -> bool:
        """Whether rows are dependent or weighted, so that model-based errors are wrong."""
        return self.cluster is not None or self.sampling is not None

    @property
    def df(self) -> Ints | None:
        """Degrees of freedom of t tests: units - 1; None (normal) without clusters and weights."""
        return self.clusters - 1 if self.robust else None

    def labelled(self, interval: str) -> str:
        """Return the label of an interval, with the clusters and weights that it allows for."""
        clustered = f", clustered by {self.cluster_name}" if self.cluster_name else ""
        weighted = f", weighted by {self.sampling_name}" if self.sampling_name else ""
        return f"{interval}{clustered}{weighted}"

    @property
    def n(self) -> Ints:
        """Patients analysed, (...)."""
        count: Ints = np.count_nonzero(self.include, axis=-1)
        return count

    @property
    def weights(self) -> Floats | None:
        """Return 1 (or the sampling weight) for patients analysed, 0 for the rest; None: all 1."""
        if self.sampling is not None:
            return self.sampling
        return None if self.include.all() else self.include.astype(float)

    def question(self, population: str, summary: str = "") -> Estimand:
        """Return what a comparison of the arms asks about a population."""
        treatment = f"{self.treatment_name} 1 vs 0"
        return Estimand(population, treatment, self.outcome_name, summary)

    def conditional_question(
        self, given: Sequence[str] | None, population: str, measure: str = "odds ratio"
    ) -> Estimand:
        """Return what a regression on treatment and covariates asks; None: given all of them."""
        names = tuple(self.kinds if given is None else given)
        words = f"conditional {measure} given {', '.join(names)}" if names else measure
        return self.question(population, words)

    def keep(self, condition: ArrayLike, reason: str) -> "AnalysisSet":
        """Return the set without patients for whom ``condition`` (..., n) is false."""
        stay = self.include & np.asarray(condition, bool)
        out = np.count_nonzero(self.include & ~stay, axis=-1)
        return replace(
            self,
            treatment=np.where(stay, self.treatment, 0.0),
            outcome=np.where(stay, self.outcome, 0.0),
            covariates={
                name: np.where(stay, column, 0.0) for name, column in self.covariates.items()
            },
            include=stay,
            reasons={**self.reasons, reason: out},
            sampling=None if self.sampling is None else np.where(stay, self.sampling, 0.0),
        )

    def __getitem__(self, index: Any) -> "AnalysisSet":
        """Return some of the data sets, by an index into the leading axes."""
        return replace(
            self,
            treatment=self.treatment[index],
            outcome=self.outcome[index],
            covariates={name: column[index] for name, column in self.covariates.items()},
            include=self.include[index],
            cluster=None if self.cluster is None else self.cluster[index],
            time=None if self.time is None else self.time[index],
            exposure=None if self.exposure is None else self.exposure[index],
            sampling=None if self.sampling is None else self.sampling[index],
            reasons={why: np.asarray(count)[index] for why, count in self.reasons.items()},
        )


def analysis_set(
    columns: Mapping[str, ArrayLike] | Any,
    *,
    treatment: str,
    outcome: str,
    covariates: Mapping[str, Kind] | None = None,
    include: ArrayLike | None = None,
    cluster: str | None = None,
    outcome_kind: OutcomeKind = "binary",
    time: str | None = None,
    exposure: str | None = None,
    sampling: str | None = None,
    levels: tuple[str, ...] = (),
    where: str = "data",
) -> AnalysisSet:
    """Check columns and keep the complete cases.

    Parameters
    ----------
    columns
        Names to arrays (..., n), or a DataFrame (one study). Missing is NaN or None, and -1 for
        a categorical column that holds whole numbers: those are indices of levels.
    treatment, outcome
        Names of columns of 0 and 1.
    covariates
        Names to kinds. Patients with any of them missing are excluded and counted.
    include
        (..., n) who is eligible; None is everybody. Others are excluded as "not eligible", and
        nothing is asked of their values.
    cluster
        Name of a column whose rows of equal value are dependent. Rows without a value are
        excluded.
    outcome_kind
        What the outcome holds; see `AnalysisSet`.
    time, exposure, sampling
        Names of columns of positive numbers: follow-up times, denominators of counts, sampling
        weights.
    levels
        Names of three arms or more, the reference first, which the treatment then holds.
    where
        File or table, for messages.

    Raises
    ------
    InputError
        All faults at once: a column that is not there, a treatment or outcome that is not 0/1, a
        covariate that is not a number, an unknown category, nobody left, a treatment or covariate
        that does not vary. A batch is refused for these only if no data set escapes them.

    Examples
    --------
    >>> patients = {"therapy": [1, 1, 0, 0], "sperm_retrieved": [1, 0, 0, 1]}
    >>> patients["age_years"] = [31, 28, None, 35]
    >>> chosen = analysis_set(
    ...     patients, treatment="therapy", outcome="sperm_retrieved",
    ...     covariates={"age_years": Numeric()},
    ... )
    >>> int(chosen.n), {why: int(count) for why, count in chosen.reasons.items()}
    (3, {'age_years is missing': 1})
    """
    kinds = dict(covariates or {})
    try:
        beside = {name: Numeric() for name in (time, exposure, sampling) if name is not None}
        arms = Categorical(levels) if levels else Numeric()
        asked = {treatment: arms, outcome: Numeric(), **beside, **kinds}
        read = read_columns(columns, asked, where)
    except InputError as error:
        raise InputError(
            _with_cure(fault, (treatment, outcome)) for fault in error.faults
        ) from None
    shape = np.broadcast_shapes(*(column.shape for column in read.values()))
    units = None if cluster is None else read_clusters(columns, cluster, shape, where)
    stay, reasons = _complete_cases(include, read, shape, units, cluster)
    read = {name: np.where(stay, column, 0.0) for name, column in read.items()}
    refuse_what_cannot_be_analysed(
        read, list(kinds), stay, reasons, (treatment, outcome), where, outcome_kind, list(beside),
        levels,
    )  # fmt: skip
    return AnalysisSet(
        treatment=read[treatment],
        outcome=read[outcome],
        covariates={name: read[name] for name in kinds},
        kinds=kinds,
        include=stay,
        reasons=reasons,
        treatment_name=treatment,
        outcome_name=outcome,
        cluster=None if units is None else np.maximum(units, 0),
        cluster_name=cluster or "",
        outcome_kind=outcome_kind,
        time=None if time is None else read[time],
        exposure=None if exposure is None else np.where(stay, read[exposure], 1.0),
        sampling=None if sampling is None else read[sampling],
        sampling_name=sampling or "",
        levels=levels,
    )


def _complete_cases(
    include: ArrayLike | None,
    read: Mapping[str, Floats],
    shape: tuple[int, ...],
    units: Ints | None,
    cluster: str | None,
) -> tuple[Bools, dict[str, Ints]]:
    """Return who is eligible and lacks nothing, and how many were excluded for which reason."""
    eligible = np.ones(shape, bool) if include is None else np.array(include, bool)
    stay = np.broadcast_to(eligible, shape).copy()
    reasons: dict[str, Ints] = {}
    if not eligible.all():
        reasons["not eligible"] = np.count_nonzero(~eligible, axis=-1)
    gaps = [(name, np.isnan(column)) for name, column in read.items()]
    if units is not None:
        gaps.append((str(cluster), units < 0))
    for name, gap in gaps:
        missing = stay & gap
        if missing.any():
            reasons[f"{name} is missing"] = np.count_nonzero(missing, axis=-1)
            stay &= ~missing
    return stay, reasons


def _with_cure(fault: Fault, roles: tuple[str, str]) -> Fault:
    """Ask for 0 and 1, not for any number, where a treatment or outcome holds words."""
    if fault.field in roles and fault.problem.endswith("is not a number"):
        return replace(fault, cure="code it 0 (no) and 1 (yes)")
    return fault
