"""How far a running trial has come: the statistic of each look, and its share of the plan.

Score statistics of counts gain information in proportion to men, so men are their clock; estimates
of other methods bring their own, Fisher information 1 / se^2.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import logit

from estimate.comparison.risk_difference import score_z
from estimate.core.arrays import Floats, Ints
from pretese.trial.conduct.event_rates import chances
from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.interim_data import Taken
from pretese.trial.monitoring.reestimated_stages import combined_z
from protocol.errors import InputError

Clock = Literal["men", "information"]


@dataclass(frozen=True, slots=True)
class Course:
    """Looks taken, on the scale of the analysis.

    Attributes
    ----------
    scale
        Risk difference, or log odds ratio.
    clock, planned
        What the share is of: men planned to be analysed, or Fisher information 1 / se^2 planned.
    fraction
        (look,) share of ``planned`` that has come.
    z, estimate, std_error
        (look,); z above 0 is in favour of treatment.
    men
        (look,) of both arms; None if unknown.
    by_counts
        Whether z is the score statistic of counts.
    adapted
        Look, counted from 1, at which the data chose the size of the rest: later z are combined
        from stages, and their share is that of the plan. None if none later has come.
    """

    scale: str
    clock: Clock
    planned: float
    fraction: Floats
    z: Floats
    estimate: Floats
    std_error: Floats
    men: Ints | None
    by_counts: bool
    adapted: int | None = None

    def information(self, looks: list[int]) -> Floats:
        """Return Fisher information at these looks, counted from 0.

        Where men are the clock it is that of the last of them, in proportion to men.
        """
        if self.clock == "information":
            return np.asarray(1 / self.std_error[looks] ** 2)
        share = self.fraction[looks] / self.fraction[looks[-1]]
        return np.asarray(share / self.std_error[looks[-1]] ** 2)

    def planned_information(self, look: int) -> float:
        """Return Fisher information of the whole trial, with men as the clock by what is seen."""
        if self.clock == "information":
            return self.planned
        return float(1 / self.std_error[look] ** 2 / self.fraction[look])


def course_of(design: DesignFile, taken: Taken, planned: float | None) -> Course:
    """Return the course of a trial.

    Parameters
    ----------
    planned
        Men to be analysed (counts) or Fisher information (estimates) at the last look; None takes
        what the design file says.

    Raises
    ------
    InputError
        Counts came for an analysis that they do not tell, the plan does not say how much
        information is the whole of it, or information does not rise.
    """
    if taken.estimate is None:
        return _by_counts(design, taken, planned)
    return _by_estimates(design, taken, planned)


def planned_risks(design: DesignFile, share: float = 1.0) -> tuple[float, float] | None:
    """Return the planned chances (control, treated) of success among men analysed.

    None if men come from a scenario, whose risks only simulation tells.
    """
    if design.risks is None:
        return None
    control, treated = chances(design, share).success
    return float(control), float(treated)


def effect_on(scale: str, risks: tuple[float, float]) -> float:
    """Return the effect of risks (control, treated) on a scale.

    >>> effect_on("risk difference", (0.4, 0.55)), round(effect_on("log odds ratio", (0.4, 0.5)), 4)
    (0.15000000000000002, 0.4055)
    """
    control, treated = risks
    return (
        treated - control if scale == "risk difference" else float(logit(treated) - logit(control))
    )


def information_of(design: DesignFile, scale: str, risks: tuple[float, float], men: float) -> float:
    """Return the Fisher information of an unadjusted comparison of men with these risks."""
    part = np.asarray(design.allocation) / sum(design.allocation)
    variance = np.asarray(risks) * (1 - np.asarray(risks))
    each = variance if scale == "risk difference" else 1 / variance
    return float(men / (each / part).sum())


def _by_counts(design: DesignFile, taken: Taken, planned: float | None) -> Course:
    if taken.events is None or taken.men is None:
        raise ValueError("there are no counts")  # the caller has looked
    method, stratum = design.analysis.method, design.endpoint.ejaculators == "principal stratum"
    if method != "unadjusted" or stratum:
        what = "a principal stratum" if stratum else f"an analysis by {method!r}"
        cure = "give estimate and std_error of each look, by the analysis of the plan"
        raise InputError.of(taken.where, "", f"counts do not tell {what}", cure)
    whole = _men_planned(design, taken) if planned is None else planned
    (x0, x1), (n0, n1) = taken.events.T, taken.men.T
    p0, p1 = x0 / n0, x1 / n1
    course = Course(
        scale="risk difference",
        clock="men",
        planned=whole,
        fraction=(n0 + n1) / whole,
        z=score_z(x1, n1, x0, n0),
        estimate=p1 - p0,
        std_error=np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0),
        men=taken.total,
        by_counts=True,
    )
    rule = design.monitoring.reestimation
    if rule is None or taken.looks <= rule.at_look:
        return course
    at, rates = rule.at_look, design.monitoring.plan().information_rates
    later = combined_z(design, taken)
    return replace(
        course,
        z=np.concatenate([course.z[:at], later]),
        fraction=np.concatenate([course.fraction[:at], rates[at : taken.looks]]),
        adapted=at,
    )


def _by_estimates(design: DesignFile, taken: Taken, planned: float | None) -> Course:
    if taken.estimate is None or taken.std_error is None:
        raise ValueError("there are no estimates")  # the caller has looked
    rule = design.monitoring.reestimation
    if rule is not None and taken.looks > rule.at_look:
        problem = f"an estimate from all men hides what those after look {rule.at_look} say alone"
        cure = "give counts: the stages are combined by the weights of the plan"
        raise taken.fault(rule.at_look, "estimate", problem, cure)
    scale = "log odds ratio" if "odds ratio" in design.analysis.summary else "risk difference"
    _check_scale(taken, scale)
    risks = None if design.analysis.conditional else planned_risks(design)
    if planned is None and risks is not None:
        planned = information_of(design, scale, risks, _men_planned(design, taken))
    clock: Clock = "men" if planned is None else "information"
    if planned is None:
        if taken.total is None:
            problem = "the design does not say how much information is the whole of it"
            cure = "give --planned (1 / std_error^2 planned for the last look), or a column men"
            raise InputError.of(taken.where, "", problem, cure)
        planned = _men_planned(design, taken)
        fraction = taken.total / planned
    else:
        _check_rising(taken, taken.std_error)
        fraction = 1 / taken.std_error**2 / planned
    return Course(
        scale=scale,
        clock=clock,
        planned=planned,
        fraction=fraction,
        z=taken.estimate / taken.std_error,
        estimate=taken.estimate,
        std_error=taken.std_error,
        men=taken.total,
        by_counts=False,
    )


def _men_planned(design: DesignFile, taken: Taken) -> float:
    """Return how many men are planned to be analysed at the last look, of those randomised."""
    part = np.asarray(design.allocation) / sum(design.allocation)
    if design.risks is not None:
        return float(design.men * (part * chances(design, 1.0).analysed).sum())
    if design.endpoint.leaves_out:
        problem = "the endpoint leaves men out, and only they know how many"
        cure = "give --planned, the men planned to be analysed at the last look"
        raise InputError.of(taken.where, "", problem, cure)
    if design.endpoint.missing == "failure":
        return float(design.men)
    lost = np.array([design.dropout.control_percent, design.dropout.treated_percent]) / 100
    return float(design.men * (part * (1 - lost)).sum())


def _check_scale(taken: Taken, scale: str) -> None:
    """Refuse a risk difference that is none: a percentage, or another scale."""
    if scale != "risk difference" or taken.estimate is None or taken.std_error is None:
        return
    for field, column in (("estimate", taken.estimate), ("std_error", taken.std_error)):
        for k in np.flatnonzero(np.abs(column) > 1):
            problem = f"{column[k]:g} is no difference of risks"
            raise taken.fault(int(k), field, problem, "give shares from -1 to 1, not percent")


def _check_rising(taken: Taken, error: Floats) -> None:
    for k in (np.flatnonzero(np.diff(error) >= 0) + 1).tolist():
        problem = f"{error[k]:g} after {error[k - 1]:g}: information does not rise"
        cure = "analyse all men up to each look; check the analysis of this one"
        raise taken.fault(k, "std_error", problem, cure)
