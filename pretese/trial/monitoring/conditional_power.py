"""Conditional and predictive power at an interim analysis of an ongoing trial."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from estimate.core.arrays import Floats, Ints
from estimate.sample_size.exact_sequential import Statistic, exact_sequential
from estimate.sequential.conditional_power import (
    conditional_power,
    predictive_power,
)
from estimate.sequential.design import SequentialDesign
from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.boundaries_observed import TOLERANCE, boundaries_at
from pretese.trial.monitoring.current_status import (
    InterimStatistics,
    effect_on,
    information_of,
    planned_risks,
)
from pretese.trial.monitoring.interim_data import InterimData
from pretese.trial.monitoring.reestimated_stages import new_sizes, stretch

#: Classes of about equal probability that stand for a named prior.
CLASSES = 200


@dataclass(frozen=True, slots=True)
class FuturePower:
    """Probabilities of rejecting in favour of treatment at a later analysis, given the data of one.

    Attributes
    ----------
    planned
        Fraction of the planned effect to conditional power; empty if the planned effect is unknown.
    observed, none
        Conditional power under the observed effect, and under no effect.
    flat, prior
        Predictive power: averaged over the posterior with a flat prior, and over that with the
        prior of the design; None without a prior or planned effect, and after the sample size was
        re-estimated.
    """

    planned: dict[float, float]
    observed: float
    none: float
    flat: float | None
    prior: float | None


@dataclass(frozen=True, slots=True)
class Assumed:
    """The planning assumptions: the design, and event risks if the design has none."""

    design: DesignFile
    risks: tuple[float, float] | None

    def at(self, share: float, scale: str) -> tuple[float, float] | None:
        """Return the risks at a fraction of the effect; None if they or their effect are unknown.

        Neither a conditional odds ratio nor an effect on times follows from a pair of risks.
        """
        design = self.design
        of_risks = not design.analysis.true_by_limit and not design.endpoint.is_time
        if scale != "risk difference" and not of_risks:
            return None
        if self.risks is None:
            return planned_risks(self.design, share)
        control, treated = self.risks
        null = control + self.design.analysis.nulls[0]
        return control, null + share * (treated - null)


def planned_analyses_left(plan: SequentialDesign, fraction: Floats) -> Floats:
    """Return the information fractions of the remaining planned analyses, the last of them 1.

    After two analyses the third planned one remains, if its information fraction is larger.

    >>> from estimate.sequential.boundaries import plan_sequential
    >>> from estimate.sequential.spending import Spending
    >>> plan = plan_sequential([0.25, 0.5, 0.75, 1], Spending("OF"))
    >>> [float(t) for t in planned_analyses_left(plan, np.array([0.3, 0.78]))]
    [1.0]
    """
    left = np.asarray(plan.information_rates[fraction.size :])
    left = left[left > fraction[-1] + TOLERANCE]
    return left if left.size else np.ones(1)


def power_from(
    assumed: Assumed,
    statistics: InterimStatistics,
    interim: InterimData,
    analysis: int,
    shares: tuple[float, ...],
) -> FuturePower:
    """Return conditional and predictive power at an analysis, counted from 0.

    Binding futility boundaries are included; non-binding ones may be overruled and are ignored.

    Parameters
    ----------
    shares
        Fractions of the planned effect, in addition to the full effect.
    """
    monitoring, seen = assumed.design.monitoring, statistics.fraction[: analysis + 1]
    rates = np.concatenate([seen, planned_analyses_left(monitoring.plan(), seen)])
    boundaries = boundaries_at(monitoring, rates, last=False)
    view = _View(assumed, statistics, interim, analysis, rates, boundaries)
    if len(assumed.design.analysis.nulls) == 2:
        return _of_equivalence(view, shares)
    known = {share: assumed.at(share, statistics.scale) for share in (1.0, *shares)}
    return FuturePower(
        planned={share: view.under(risks) for share, risks in known.items() if risks is not None},
        observed=view.chance(view.observed),
        none=view.chance(0.0),
        flat=None
        if view.resized
        else float(predictive_power(rates, boundaries.upper, analysis + 1, view.z)),
        prior=None if view.resized else _under_prior(view),
    )


@dataclass(frozen=True, slots=True)
class _View:
    """An interim analysis with the information fractions and boundaries of all analyses."""

    assumed: Assumed
    statistics: InterimStatistics
    interim: InterimData
    analysis: int
    rates: Floats
    boundaries: SequentialDesign

    @property
    def z(self) -> float:
        """Statistic of the analysis."""
        return float(self.statistics.z[self.analysis])

    @property
    def resized(self) -> bool:
        """Whether the sample size has been re-estimated by now."""
        rule = self.assumed.design.monitoring.reestimation
        return rule is not None and self.analysis + 1 >= rule.at_analysis

    @property
    def observed(self) -> float:
        """E(Z) at full information under the observed effect."""
        statistics, k = self.statistics, self.analysis
        if statistics.adapted is None or k < statistics.adapted or statistics.participants is None:
            return self.z / float(np.sqrt(self.rates[k]))
        share = statistics.participants[k] / statistics.planned
        return float(statistics.estimate[k] / statistics.std_error[k] / np.sqrt(share))

    def chance(self, drift: float) -> float:
        """Return conditional power under a drift, the mean of Z at full information."""
        boundaries, statistics = self.boundaries, self.statistics
        kept = boundaries.lower if boundaries.sides == 2 or boundaries.binding else None
        if self.resized:
            drift *= stretch(self.assumed.design, statistics.z[: self.analysis + 1])
        analysis = self.analysis + 1
        return float(
            conditional_power(self.rates, boundaries.upper, analysis, self.z, drift, lower=kept)
        )

    def under(self, risks: tuple[float, float]) -> float:
        """Return conditional power under these risks (control, treated): exact from counts."""
        exact = self._enumerated(risks)
        return self.chance(self.drift(risks)) if exact is None else exact

    def _enumerated(self, risks: tuple[float, float]) -> float | None:
        """Return exact conditional power from the observed counts; None where it is not defined."""
        events, seen = self.interim.events, self.interim.participants
        if not self.statistics.by_counts or events is None or seen is None:
            return None
        x, n = events[self.analysis], seen[self.analysis]
        upper, lower = self._later_boundaries()
        later = self._later_arms()
        if self.resized:  # only the second stage, combined with the first by the planned weights
            at = self._rule_at - 1
            x, n, later = x - events[at], n - seen[at], later - seen[at]
        if (later[0] <= n).any() or (np.diff(later, axis=0) <= 0).any():
            return None
        control, treated = risks
        found = exact_sequential(
            later[:, 1], later[:, 0], upper, treated, control, lower=lower,
            sides=self.boundaries.sides, observed=(int(x[1]), int(n[1]), int(x[0]), int(n[0])),
            nulls=self.assumed.design.analysis.nulls, statistic=self._exact_statistic(),
        )  # fmt: skip
        return float(found.favourable.sum())

    def _exact_statistic(self) -> Statistic | None:
        analysis = self.assumed.design.analysis
        return analysis.count_test(self.boundaries.sides).z if analysis.exact else None

    @property
    def _rule_at(self) -> int:
        rule = self.assumed.design.monitoring.reestimation
        return rule.at_analysis if rule else 0

    def _later_arms(self) -> Ints:
        """Return (later analysis, arm) participants planned, or chosen by re-estimation."""
        design, k = self.assumed.design, self.analysis + 1
        part = np.asarray(design.allocation) / sum(design.allocation)
        sizes = new_sizes(design, self.statistics.z[:k])
        share = self.statistics.planned / design.participants
        total = self.rates[k:] * self.statistics.planned if sizes is None else sizes[k:] * share
        return np.asarray(np.round(np.asarray(total)[:, None] * part), np.int64)

    def _later_boundaries(self) -> tuple[Floats, Floats | None]:
        """Return later boundaries; after re-estimation those for the z of the second stage."""
        k = self.analysis + 1
        upper = np.asarray(self.boundaries.upper[k:])
        lower = np.asarray(self.boundaries.lower[k:]) if self.boundaries.binding else None
        if not self.resized:
            return upper, lower
        rates = np.asarray(self.assumed.design.monitoring.plan().information_rates)
        seen, first = rates[self._rule_at - 1], float(self.statistics.z[self._rule_at - 1])

        def alone(bounds: Floats) -> Floats:
            combined = bounds * np.sqrt(rates[k:]) - np.sqrt(seen) * first
            return np.asarray(combined / np.sqrt(rates[k:] - seen))

        return alone(upper), None if lower is None else alone(lower)

    def drift(self, risks: tuple[float, float]) -> float:
        """Return the mean of Z at full information under these risks."""
        statistics, design = self.statistics, self.assumed.design
        if statistics.by_counts:
            information = information_of(design, statistics.scale, risks, statistics.planned)
        else:
            information = statistics.planned_information(self.analysis)
        null = design.analysis.nulls[0]
        return effect_on(statistics.scale, risks, null) * float(np.sqrt(information))


def _of_equivalence(view: _View, shares: tuple[float, ...]) -> FuturePower:
    """Return conditional power of two one-sided tests, by enumeration of the counts."""
    events, seen = view.interim.events, view.interim.participants
    if events is None or seen is None:
        raise ValueError("equivalence is monitored by counts")  # refused when the file was read
    control, treated = (float(each) for each in events[view.analysis] / seen[view.analysis])
    null = max(control + view.assumed.design.analysis.nulls[0], 0.0)
    known = {share: view.assumed.at(share, view.statistics.scale) for share in (1.0, *shares)}
    return FuturePower(
        planned={share: view.under(risks) for share, risks in known.items() if risks is not None},
        observed=view.under((control, treated)),
        none=view.under((control, null)),
        flat=None,
        prior=None,
    )


def _under_prior(view: _View) -> float | None:
    """Return power averaged over the prior of the design, updated by the data."""
    risks, belief = _believed(view)
    known = [each for each in risks if each is not None]
    if not known or len(known) < len(risks):
        return None
    t = float(view.rates[view.analysis])
    drift = np.array([view.drift(each) for each in known])
    fit = -((view.z - drift * np.sqrt(t)) ** 2) / 2
    weight = belief * np.exp(fit - fit.max())
    power = np.array([view.under(each) for each in known])
    return float((weight * power).sum() / weight.sum())


def _believed(view: _View) -> tuple[list[tuple[float, float] | None], Floats]:
    """Return pairs of risks with their prior weights, at the planned risk of control."""
    assumed, scale = view.assumed, view.statistics.scale
    design = assumed.design
    if design.named_prior is None:
        beliefs = design.beliefs
        risks = [assumed.at(each.effect_percent / 100, scale) for each in beliefs]
        return risks, np.array([each.weight_percent for each in beliefs])
    planned = assumed.at(1.0, scale)
    if planned is None:
        return [None], np.ones(1)
    from pretese.literature.prior_source import prior_source  # loads scipy.stats

    effects, weights = prior_source(design.named_prior).prior.mixture().classes(CLASSES)
    return [(planned[0], float(expit(logit(planned[0]) + each))) for each in effects], weights
