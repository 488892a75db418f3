"""Statistics and information fractions of an ongoing trial.

The information of a score statistic of counts is proportional to the number of participants, so
that participants are its unit; for estimates of other methods it is the Fisher information 1 /
std_error^2.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from estimate.core.arrays import Floats, Ints
from estimate.core.result import Scale, log_of_risk
from pretese.trial.conduct.event_rates import arm_rates
from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.interim_data import COUNTS, InterimData
from pretese.trial.monitoring.reestimated_stages import combined_z
from protocol.errors import InputError

InformationUnit = Literal["participants", "information"]


@dataclass(frozen=True, slots=True)
class InterimStatistics:
    """Statistics of the observed analyses, on the scale of the analysis method.

    Attributes
    ----------
    scale
        Risk difference, or the logarithm of a ratio.
    information_unit, planned
        Unit of information, and its planned amount: participants planned to be analysed, or planned
        Fisher information 1 / std_error^2.
    fraction
        (analysis,) observed fraction of ``planned``.
    z, estimate, std_error
        (analysis,); z above 0 is in favour of treatment.
    participants
        (analysis,) of both arms; None if unknown.
    by_counts
        Whether z is a statistic of counts; effects are then shown as risk differences.
    adapted
        Analysis, counted from 1, at which the sample size was re-estimated: later z are combined
        from stages, and their information fraction is the planned one. None without later analyses.
    """

    scale: str
    information_unit: InformationUnit
    planned: float
    fraction: Floats
    z: Floats
    estimate: Floats
    std_error: Floats
    participants: Ints | None
    by_counts: bool
    adapted: int | None = None

    def information(self, analyses: list[int]) -> Floats:
        """Return the Fisher information at these analyses, counted from 0.

        If participants are the unit, it is that of the last of these analyses, scaled in proportion
        to participants.
        """
        if self.information_unit == "information":
            return np.asarray(1 / self.std_error[analyses] ** 2)
        share = self.fraction[analyses] / self.fraction[analyses[-1]]
        return np.asarray(share / self.std_error[analyses[-1]] ** 2)

    def planned_information(self, analysis: int) -> float:
        """Return the planned Fisher information of the whole trial."""
        if self.information_unit == "information":
            return self.planned
        return float(1 / self.std_error[analysis] ** 2 / self.fraction[analysis])


def interim_statistics(
    design: DesignFile, interim: InterimData, planned: float | None
) -> InterimStatistics:
    """Return the statistics of an ongoing trial.

    Parameters
    ----------
    planned
        Participants to be analysed (counts) or Fisher information (estimates) at the last analysis;
        None: that of the design file.

    Raises
    ------
    InputError
        The planned analysis needs more than counts, the planned information is unknown, or
        information does not rise.
    """
    if interim.estimate is None:
        return _by_counts(design, interim, planned)
    return _by_estimates(design, interim, planned)


def planned_risks(design: DesignFile, share: float = 1.0) -> tuple[float, float] | None:
    """Return planned success probabilities (control, treated) of participants analysed.

    None if participants come from a scenario, whose risks are known only by simulation.
    """
    if design.risks is None:
        return None
    control, treated = arm_rates(design, share).success
    return float(control), float(treated)


def effect_on(scale: str, risks: tuple[float, float], null: float = 0.0) -> float:
    """Return the effect of risks (control, treated) minus that of the null hypothesis.

    >>> effect_on("risk difference", (0.4, 0.55)), round(effect_on("log odds ratio", (0.4, 0.5)), 4)
    (0.15000000000000002, 0.4055)
    """
    control, treated = risks
    if scale == "risk difference":
        return treated - control - null
    ratio: Scale = "risk ratio" if scale == "log risk ratio" else "odds ratio"
    return float(log_of_risk(ratio, treated) - log_of_risk(ratio, control))


def information_of(
    design: DesignFile, scale: str, risks: tuple[float, float], participants: float
) -> float:
    """Return the Fisher information of an unadjusted comparison with these risks."""
    part = np.asarray(design.allocation) / sum(design.allocation)
    risk = np.asarray(risks)
    variance = risk * (1 - risk)
    if scale == "log risk ratio":
        each = (1 - risk) / risk
    else:
        each = variance if scale == "risk difference" else 1 / variance
    return float(participants / (each / part).sum())


def _by_counts(
    design: DesignFile, interim: InterimData, planned: float | None
) -> InterimStatistics:
    if interim.events is None or interim.participants is None:
        raise ValueError("there are no counts")  # checked by the caller
    method, stratum = (
        design.analysis.method,
        design.endpoint.sperm_in_ejaculate == "principal stratum",
    )
    if not design.analysis.by_counts or stratum:
        what = "a principal stratum" if stratum else f"an analysis by {method!r}"
        cure = "give estimate and std_error of each analysis by the planned method"
        raise InputError.of(interim.where, "", f"counts do not suffice for {what}", cure)
    whole = _planned_size(design, interim) if planned is None else planned
    (x0, x1), (n0, n1) = interim.events.T, interim.participants.T
    p0, p1 = x0 / n0, x1 / n1
    statistics = InterimStatistics(
        scale="risk difference",
        information_unit="participants",
        planned=whole,
        fraction=(n0 + n1) / whole,
        z=design.analysis.count_test(design.monitoring.sides).z(x1, n1, x0, n0),
        estimate=p1 - p0,
        std_error=np.sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0),
        participants=interim.total,
        by_counts=True,
    )
    rule = design.monitoring.reestimation
    if rule is None or interim.analyses <= rule.at_analysis:
        return statistics
    at, rates = rule.at_analysis, design.monitoring.plan().information_rates
    later = combined_z(design, interim)
    return replace(
        statistics,
        z=np.concatenate([statistics.z[:at], later]),
        fraction=np.concatenate([statistics.fraction[:at], rates[at : interim.analyses]]),
        adapted=at,
    )


def _by_estimates(
    design: DesignFile, interim: InterimData, planned: float | None
) -> InterimStatistics:
    if interim.estimate is None or interim.std_error is None:
        raise ValueError("there are no estimates")  # checked by the caller
    if len(design.analysis.nulls) == 2:
        problem = "equivalence is monitored by the counts of both arms"
        cure = f"give {', '.join(COUNTS)}"
        raise InputError.of(interim.where, "", problem, cure)
    rule = design.monitoring.reestimation
    if rule is not None and interim.analyses > rule.at_analysis:
        problem = (
            f"after re-estimation at analysis {rule.at_analysis} stages are analysed separately"
        )
        cure = "give counts, which are combined by the planned weights"
        raise interim.fault(rule.at_analysis, "estimate", problem, cure)
    scale = design.analysis.number_scale
    _check_scale(interim, scale)
    risks = None if design.analysis.true_by_limit else planned_risks(design)
    if planned is None and risks is not None:
        planned = information_of(design, scale, risks, _planned_size(design, interim))
    information_unit: InformationUnit = "participants" if planned is None else "information"
    if planned is None:
        if interim.total is None:
            problem = "the design does not state the information of the final analysis"
            cure = "give --planned (its 1 / std_error^2), or a column participants"
            raise InputError.of(interim.where, "", problem, cure)
        planned = _planned_size(design, interim)
        fraction = interim.total / planned
    else:
        _check_rising(interim, interim.std_error)
        fraction = 1 / interim.std_error**2 / planned
    return InterimStatistics(
        scale=scale,
        information_unit=information_unit,
        planned=planned,
        fraction=fraction,
        z=(interim.estimate - design.analysis.nulls[0]) / interim.std_error,
        estimate=interim.estimate,
        std_error=interim.std_error,
        participants=interim.total,
        by_counts=False,
    )


def _planned_size(design: DesignFile, interim: InterimData) -> float:
    """Return the number of participants planned to be analysed at the end."""
    part = np.asarray(design.allocation) / sum(design.allocation)
    if design.risks is not None:
        return float(design.participants * (part * arm_rates(design, 1.0).analysed).sum())
    if design.endpoint.excludes:
        problem = "the number of participants that the endpoint excludes is unknown"
        cure = "give --planned, the participants planned for the final analysis"
        raise InputError.of(interim.where, "", problem, cure)
    if design.endpoint.missing != "complete case" or design.endpoint.is_time:
        return float(design.participants)
    dropped_out = np.array([design.dropout.control_percent, design.dropout.treated_percent]) / 100
    return float(design.participants * (part * (1 - dropped_out)).sum())


def _check_scale(interim: InterimData, scale: str) -> None:
    """Refuse a risk difference outside -1 to 1, such as a percentage."""
    if scale != "risk difference" or interim.estimate is None or interim.std_error is None:
        return
    for field, column in (("estimate", interim.estimate), ("std_error", interim.std_error)):
        for k in np.flatnonzero(np.abs(column) > 1):
            problem = f"{column[k]:g} is not a risk difference"
            raise interim.fault(
                int(k), field, problem, "give a proportion from -1 to 1, not a percentage"
            )


def _check_rising(interim: InterimData, error: Floats) -> None:
    for k in (np.flatnonzero(np.diff(error) >= 0) + 1).tolist():
        problem = f"{error[k]:g} after {error[k - 1]:g}: information does not rise"
        cure = "include all participants up to each analysis, and check this one"
        raise interim.fault(k, "std_error", problem, cure)
