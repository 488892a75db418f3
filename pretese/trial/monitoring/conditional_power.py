"""Looking ahead from a look of a running trial: conditional and predictive power."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats
from estimate.sequential.design import SequentialDesign
from estimate.sequential.looking_ahead import (
    conditional_power,
    conditional_power_risks,
    predictive_power,
)
from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.boundaries_observed import TOLERANCE, bounds_at
from pretese.trial.monitoring.current_status import Course, effect_on, information_of, planned_risks
from pretese.trial.monitoring.reestimated_stages import stretch

#: Below this chance of rejecting without an effect no normal quantile is taken of it.
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Ahead:
    """Chances, seen from one look, of rejecting in favour of treatment at a later one.

    Attributes
    ----------
    planned
        Share of the planned effect to conditional power; empty if the planned effect is unknown.
    observed, none
        Conditional power under the effect seen, and under no effect.
    flat, prior
        Predictive power: averaged over what the data alone say, and over the prior of the design
        as the data have changed it; None without a prior or planned effect, and once the data have
        changed the size.
    """

    planned: dict[float, float]
    observed: float
    none: float
    flat: float | None
    prior: float | None


@dataclass(frozen=True, slots=True)
class Assumed:
    """What the trial was planned on: its design, and risks (control, treated) that it lacks."""

    design: DesignFile
    risks: tuple[float, float] | None

    def at(self, share: float, scale: str) -> tuple[float, float] | None:
        """Return the risks with a share of the effect; None if they, or their effect, are unknown.

        No pair of risks has a conditional odds ratio.
        """
        if scale == "log odds ratio" and self.design.analysis.conditional:
            return None
        if self.risks is None:
            return planned_risks(self.design, share)
        control, treated = self.risks
        return control, control + share * (treated - control)


def still_to_come(plan: SequentialDesign, fraction: Floats) -> Floats:
    """Return the shares of information of the looks still planned, the last of them 1.

    Looks are counted: the third planned look is still to come after two, if it lies ahead.

    >>> from estimate.sequential.boundaries import plan_sequential
    >>> from estimate.sequential.spending import Spending
    >>> plan = plan_sequential([0.25, 0.5, 0.75, 1], Spending("OF"))
    >>> [float(t) for t in still_to_come(plan, np.array([0.3, 0.78]))]
    [1.0]
    """
    left = np.asarray(plan.information_rates[fraction.size :])
    left = left[left > fraction[-1] + TOLERANCE]
    return left if left.size else np.ones(1)


def look_ahead(assumed: Assumed, course: Course, look: int, shares: tuple[float, ...]) -> Ahead:
    """Return the chances seen from a look, counted from 0, with the looks then still planned.

    Futility bounds count where they bind; others may be overruled and are left out.

    Parameters
    ----------
    shares
        Shares of the planned effect to ask for, beside the whole of it.
    """
    monitoring, seen = assumed.design.monitoring, course.fraction[: look + 1]
    rates = np.concatenate([seen, still_to_come(monitoring.plan(), seen)])
    bounds = bounds_at(monitoring, rates, last=False)
    view = _View(assumed, course, look, rates, bounds)
    known = {share: assumed.at(share, course.scale) for share in (1.0, *shares)}
    return Ahead(
        planned={share: view.under(risks) for share, risks in known.items() if risks is not None},
        observed=view.chance(view.observed),
        none=view.chance(0.0),
        flat=None
        if view.resized
        else float(predictive_power(rates, bounds.upper, look + 1, view.z)),
        prior=None if view.resized else _under_prior(view),
    )


@dataclass(frozen=True, slots=True)
class _View:
    """What is seen from a look: the shares of information of all looks, and their bounds."""

    assumed: Assumed
    course: Course
    look: int
    rates: Floats
    bounds: SequentialDesign

    @property
    def z(self) -> float:
        """Statistic of the look."""
        return float(self.course.z[self.look])

    @property
    def resized(self) -> bool:
        """Whether the data have by now chosen the size of the rest."""
        rule = self.assumed.design.monitoring.reestimation
        return rule is not None and self.look + 1 >= rule.at_look

    @property
    def observed(self) -> float:
        """The mean of z with all information planned, under the effect seen in all men."""
        course, k = self.course, self.look
        if course.adapted is None or k < course.adapted or course.men is None:
            return self.z / float(np.sqrt(self.rates[k]))
        share = course.men[k] / course.planned
        return float(course.estimate[k] / course.std_error[k] / np.sqrt(share))

    def chance(self, drift: float) -> float:
        """Return conditional power under a drift: the mean of z with all information planned."""
        bounds, course = self.bounds, self.course
        kept = bounds.lower if bounds.sides == 2 or bounds.binding else None
        if self.resized:
            drift *= stretch(self.assumed.design, course.z[: self.look + 1])
        look = self.look + 1
        return float(conditional_power(self.rates, bounds.upper, look, self.z, drift, lower=kept))

    def under(self, risks: tuple[float, float]) -> float:
        """Return conditional power if these are the risks of control and treated."""
        course, bounds = self.course, self.bounds
        control, treated = risks
        even = len(set(self.assumed.design.allocation)) == 1
        plain = course.by_counts and even and bounds.sides == 1 and not bounds.binding
        plain = plain and not self.resized
        if not plain or self.chance(0.0) < _TINY:
            return self.chance(self.drift(risks))
        men, look = self.rates * course.planned / 2, self.look + 1
        found = conditional_power_risks(men, bounds.upper, look, self.z, treated, control)
        return float(found[-1])

    def drift(self, risks: tuple[float, float]) -> float:
        """Return the mean of z with all information, if these are the risks."""
        course, design = self.course, self.assumed.design
        if course.by_counts:
            information = information_of(design, course.scale, risks, course.planned)
        else:
            information = course.planned_information(self.look)
        return effect_on(course.scale, risks) * float(np.sqrt(information))


def _under_prior(view: _View) -> float | None:
    """Return power averaged over the prior of the design, weighed by what has been seen."""
    assumed, course, t = view.assumed, view.course, float(view.rates[view.look])
    prior = assumed.design.prior
    risks = [assumed.at(each.effect_percent / 100, course.scale) for each in prior]
    known = [each for each in risks if each is not None]
    if not prior or len(known) < len(prior):
        return None
    drift = np.array([view.drift(each) for each in known])
    fit = -((view.z - drift * np.sqrt(t)) ** 2) / 2
    weight = np.array([each.weight_percent for each in prior]) * np.exp(fit - fit.max())
    power = np.array([view.under(each) for each in known])
    return float((weight * power).sum() / weight.sum())
