"""An ongoing trial compared with its plan: the request, and designs that are refused."""

from dataclasses import dataclass

from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.boundaries_observed import TrialStatus, compare_with_boundaries
from pretese.trial.monitoring.current_status import InterimStatistics, interim_statistics
from pretese.trial.monitoring.interim_data import InterimData
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Asked:
    """Options of a comparison with the plan.

    Attributes
    ----------
    ended
        Whether the last analysis is the final one although more were planned.
    overrunning
        Whether the last analysis contains data that arrived after the stop.
    planned
        Participants to be analysed (counts) or information (estimates) at the last planned
        analysis; None: that of the design.
    risks
        Planned risks (control, treated) of a design without risks; None if unknown.
    shares
        Fractions of the planned effect for conditional power, in addition to the full effect.
    """

    final: bool = False
    overrunning: bool = False
    planned: float | None = None
    risks: tuple[float, float] | None = None
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Monitored:
    """An ongoing trial: design, interim data, statistics and status."""

    design: DesignFile
    interim: InterimData
    asked: Asked
    statistics: InterimStatistics
    status: TrialStatus


def monitor(design: DesignFile, interim: InterimData, asked: Asked) -> Monitored:
    """Compare interim data with the plan.

    Raises
    ------
    InputError
        No valid inference exists for the design or the analyses.
    """
    _check_design(design, asked)
    statistics = interim_statistics(design, interim, asked.planned)
    status = compare_with_boundaries(
        design.monitoring, statistics, interim, final=asked.final, overrunning=asked.overrunning
    )
    return Monitored(design, interim, asked, statistics, status)


def _check_design(design: DesignFile, asked: Asked) -> None:
    """Refuse designs that cannot be monitored by one comparison of two arms."""
    graph = design.graph()
    if graph is not None and graph.weights[0] < 1:
        problem = "the primary endpoint shares alpha with others"
        cure = "analyse the endpoints by the graph; only a primary at full alpha is monitored"
        raise InputError.of(design.id, "multiplicity", problem, cure)
    rule = design.monitoring.reestimation
    if rule and rule.combination == "naive":
        problem = (
            "the naive test inflates the type I error: no boundary, interval or p-value is valid"
        )
        cure = "combine stages by inverse normal"
        raise InputError.of(design.id, "monitoring.reestimation.combination", problem, cure)
    if rule and rule.blinded:
        problem = "a blinded re-estimation compares no arms before the end of the trial"
        cure = (
            "give the events of both arms together to `blinded_size` of the design in Python; "
            "analyse the finished trial by its score test"
        )
        raise InputError.of(design.id, "monitoring.reestimation.blinded", problem, cure)
    if rule and asked.overrunning:
        problem = "a trial with re-estimation has no analysis with overrunning"
        raise InputError.of("overrunning", "", problem, "remove the analysis after the stop")
    if asked.risks and design.risks:
        problem, cure = "the design has risks of its own", "leave it out"
        raise InputError.of("control_risk", "", problem, cure)
