"""A running trial held against its plan: what is asked, and what can be said honestly at all."""

from dataclasses import dataclass

from pretese.trial.design.design_file import DesignFile
from pretese.trial.monitoring.boundaries_observed import Standing, judge_interim_data
from pretese.trial.monitoring.current_status import Course, course_of
from pretese.trial.monitoring.interim_data import Taken
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class Asked:
    """What is told and asked beside the two files.

    Attributes
    ----------
    ended
        Whether the trial ends at the last look, whatever the plan.
    over_run
        Whether the last look holds data that came in after the stop.
    planned
        Men to be analysed (counts) or information (estimates) at the last planned look; None takes
        that of the design.
    risks
        Planned risks (control, treated) of a design that has none of its own; None if unknown.
    shares
        Shares of the planned effect for conditional power, beside the whole.
    """

    ended: bool = False
    over_run: bool = False
    planned: float | None = None
    risks: tuple[float, float] | None = None
    shares: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Monitored:
    """A running trial: its plan, its looks, how far it has come and what the plan says of it."""

    design: DesignFile
    taken: Taken
    asked: Asked
    course: Course
    standing: Standing


def monitor(design: DesignFile, taken: Taken, asked: Asked) -> Monitored:
    """Hold the looks taken against their plan.

    Raises
    ------
    InputError
        The design or the looks are such that nothing honest can be said.
    """
    _check_design(design, asked)
    course = course_of(design, taken, asked.planned)
    standing = judge_interim_data(
        design.monitoring, course, taken, ended=asked.ended, over_run=asked.over_run
    )
    return Monitored(design, taken, asked, course, standing)


def _check_design(design: DesignFile, asked: Asked) -> None:
    """Refuse designs of which one comparison is not all."""
    graph = design.graph()
    if graph is not None and graph.weights[0] < 1:
        problem = "the primary endpoint shares its level with others"
        cure = "analyse the endpoints by the graph; only a primary of its own level is monitored"
        raise InputError.of(design.id, "multiplicity", problem, cure)
    rule = design.monitoring.reestimation
    if rule and rule.combination == "naive":
        problem = "naive breaks the level: no bound, interval or p-value holds"
        cure = "combine stages by inverse normal"
        raise InputError.of(design.id, "monitoring.reestimation.combination", problem, cure)
    if rule and asked.over_run:
        problem = "a trial with re-estimation has no analysis with an over-run here"
        raise InputError.of("overrunning", "", problem, "leave the look after the stop out")
    if asked.risks and design.risks:
        problem, cure = "the design has risks of its own", "leave it out"
        raise InputError.of("control_risk", "", problem, cure)
