"""The analysis set: patients and columns analysed, and exclusions with reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.clusters import centred_in_strata, sum_by_cluster
from estimate.core.columns import Kind
from estimate.core.estimand import Estimand

#: Kinds of outcome.
OutcomeKind = Literal["binary", "continuous", "count", "ordinal", "time", "repeated"]


@dataclass(frozen=True, slots=True)
class Repeated:
    """Measurements of every patient at several visits.

    Attributes
    ----------
    values
        (..., n, visit), NaN where not measured.
    names
        Column names of the visits, in their order.
    baseline
        Covariate with the measurement before treatment; None without.
    """

    values: Floats
    names: tuple[str, ...]
    baseline: str | None = None


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
        (..., n) patients analysed.
    reasons
        Reasons for exclusion, to (...) counts; a patient is counted under the first reason only.
    treatment_name, outcome_name
        Column names, for labels.
    cluster
        (..., n) whole numbers from 0: rows of one cluster (a couple, a centre) are dependent. None
        if rows are independent.
    cluster_name
        Column name of the clusters; empty without.
    outcome_kind
        What ``outcome`` holds: 0 and 1, measurements, counts, numbers of ordered classes from 0,
        for "time" 1 where ``time`` ends with the event, for "repeated" the mean of the visits.
    repeated
        Measurements at visits; None if the outcome is not of that kind.
    time, exposure
        (..., n) follow-up of a time to an event; denominator of a count. None if not of that kind.
    sampling
        (..., n) sampling weights: how many members of the population a patient represents; 0 for
        patients not analysed. None for equal weights.
    sampling_name
        Column name of the sampling weights; empty without.
    stratum
        (..., n) whole numbers from 0: strata of the survey, from each of which clusters (or
        patients) were sampled. None without strata.
    stratum_name
        Column name of the strata; empty without.
    levels
        Names of three or more arms, of which ``treatment`` then is the index; the first is the
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
    stratum: Ints | None = None
    stratum_name: str = ""
    levels: tuple[str, ...] = ()
    repeated: Repeated | None = None

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
        estimate a covariance without first-order bias from few clusters; with sampling weights G
        counts patients, as in a survey. With strata, sums are taken from their mean in the stratum
        and scaled by the units of the stratum: Taylor linearisation (Binder DA. *Int Stat Rev*
        1983;51:279-92; Cochran WG. *Sampling Techniques*, 3rd ed., 1977, section 11.9).
        """
        if not self.robust:
            return terms
        sums = self.sums(terms)
        if self.stratum is not None:
            return centred_in_strata(sums, *self._units_of_strata())
        g = self.clusters[..., None, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(sums * np.sqrt(g / (g - 1)))

    def sums(self, terms: Floats) -> Floats:
        """Return terms (..., n, p) summed within clusters; as they are without clusters."""
        return terms if self.cluster is None else sum_by_cluster(terms, self.cluster)

    def _units_of_strata(self) -> tuple[Bools, Ints]:
        """Return which units are analysed, and the stratum of each, (..., unit)."""
        stratum = np.asarray(self.stratum)
        if self.cluster is None:
            return self.include, stratum
        shape = (*self.include.shape[:-1], int(self.cluster.max(initial=0)) + 1)
        unit = np.where(self.include, self.cluster, 0)
        inside, of_unit = np.zeros(shape, bool), np.zeros(shape, np.int64)
        np.put_along_axis(of_unit, self.cluster, stratum, -1)
        np.put_along_axis(inside, unit, True, -1)
        inside[..., 0] = (self.include & (self.cluster == 0)).any(-1)
        return inside, of_unit

    @property
    def robust(self) -> bool:
        """Whether rows are dependent or weighted, so that model-based errors are wrong."""
        return self.cluster is not None or self.sampling is not None

    @property
    def df(self) -> Ints | None:
        """Degrees of freedom of t tests: units - strata; None without clusters and weights."""
        if not self.robust:
            return None
        if self.stratum is None:
            return self.clusters - 1
        inside, of_unit = self._units_of_strata()
        present = np.where(inside, of_unit, -1)[..., None] == np.arange(of_unit.max() + 1)
        return np.asarray(self.clusters - present.any(-2).sum(-1))

    def df_of_regression(self, coefficients: int) -> Ints | None:
        """Return degrees of freedom of a regression; in a survey as R's svyglm, at least 1."""
        if self.sampling is None:
            return self.df
        return np.asarray(np.maximum(np.asarray(self.df) + 1 - coefficients, 1))

    def labelled(self, interval: str) -> str:
        """Return the label of an interval, with the clusters and weights taken into account."""
        clustered = f", clustered by {self.cluster_name}" if self.cluster_name else ""
        weighted = f", weighted by {self.sampling_name}" if self.sampling_name else ""
        stratified = f", stratified by {self.stratum_name}" if self.stratum_name else ""
        return f"{interval}{clustered}{weighted}{stratified}"

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
        """Return the estimand of a comparison of the arms in a population."""
        treatment = f"{self.treatment_name} 1 vs 0"
        return Estimand(population, treatment, self.outcome_name, summary)

    def conditional_question(
        self, given: Sequence[str] | None, population: str, measure: str = "odds ratio"
    ) -> Estimand:
        """Return the estimand of a regression on treatment and covariates (None: all of them)."""
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
            stratum=None if self.stratum is None else self.stratum[index],
            repeated=None
            if self.repeated is None
            else replace(self.repeated, values=self.repeated.values[index]),
            reasons={why: np.asarray(count)[index] for why, count in self.reasons.items()},
        )
