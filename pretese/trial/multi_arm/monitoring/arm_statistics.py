"""Statistics of every comparison with the control at the analyses of an ongoing trial."""

from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Floats, Ints
from pretese.trial.multi_arm.counts import event_rates
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.monitoring.arm_data import ArmInterimData, columns_of
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class ArmStatistics:
    """Statistics of the observed analyses, treatments in the order of the design.

    Attributes
    ----------
    scale
        Risk difference, or the logarithm of a ratio.
    z, estimate, std_error
        (analysis, treatment) of all participants to date; z above 0 is in favour of treatment.
    stage_z
        (analysis, treatment) of only the participants since the previous analysis; NaN: none.
    planned
        (arm,) participants planned to be analysed at the final analysis, the control first.
    """

    scale: str
    z: Floats
    estimate: Floats
    std_error: Floats
    stage_z: Floats
    planned: Floats


def arm_statistics(
    design: MultiArmDesign, data: ArmInterimData, planned: float | None
) -> ArmStatistics:
    """Return the statistics of every comparison at each analysis.

    Parameters
    ----------
    planned
        Participants of all arms planned for the final analysis; None: those of the design.

    Raises
    ------
    InputError
        The planned analysis needs more than counts, its size is unknown, or the procedure needs
        the counts of each stage.
    """
    sizes = planned_sizes(design, data.where, planned)
    if data.estimate is None or data.std_error is None:
        return _by_counts(design, data, sizes)
    if design.combination() is not None and data.analyses > 1:
        problem = "the combination test compares the participants of every stage separately"
        cure = f"give {', '.join(columns_of(design, estimates=False))}"
        raise data.fault(1, "", problem, cure)
    z = data.estimate / data.std_error
    return ArmStatistics(
        design.analysis.number_scale, z, data.estimate, data.std_error, z[:1], sizes
    )


def planned_sizes(design: MultiArmDesign, where: str, planned: float | None) -> Floats:
    """Return (arm,) participants planned to be analysed at the final analysis.

    Raises
    ------
    InputError
        The endpoint excludes participants, whose number is unknown.
    """
    if planned is None and design.risks_percent is None and design.endpoint.excludes:
        problem = "the number of participants that the endpoint excludes is unknown"
        cure = "give --planned, the participants planned for the final analysis"
        raise InputError.of(where, "", problem, cure)
    sizes = planned_stages(design).sum(0)
    return sizes if planned is None else np.asarray(planned * sizes / sizes.sum())


def planned_stages(design: MultiArmDesign) -> Floats:
    """Return (stage, arm) participants planned to be analysed of each stage."""
    places = np.diff(design.rates, prepend=0.0) * design.participants
    parts = np.array([design.parts_after(k) for k in range(len(design.rates))], float)
    return np.asarray(places[:, None] * parts / parts.sum(1, keepdims=True) * _analysed(design))


def _analysed(design: MultiArmDesign) -> Floats:
    """Return (arm,) the probability that a participant is analysed."""
    if design.risks_percent is not None:
        return event_rates(design, tuple(range(len(design.names))))[0]
    if design.endpoint.missing != "complete case":
        return np.ones(len(design.names))
    lost = np.array([design.dropout_percent.get(name, 0.0) for name in design.names]) / 100
    return np.asarray(1 - lost)


def _by_counts(design: MultiArmDesign, data: ArmInterimData, planned: Floats) -> ArmStatistics:
    if data.events is None:
        raise ValueError("there are no counts")  # checked by the caller
    if not design.analysis.by_counts:
        problem = f"counts do not suffice for an analysis by {design.analysis.method!r}"
        cure = f"give {', '.join(columns_of(design, estimates=True))} by the planned method"
        raise InputError.of(data.where, "", problem, cure)
    x, n = data.events, data.participants
    risk = x / n
    variance = risk * (1 - risk) / n
    new_x, new_n = np.diff(x, axis=0, prepend=0), np.diff(n, axis=0, prepend=0)
    return ArmStatistics(
        scale="risk difference",
        z=comparison_z(design, x, n),
        estimate=risk[:, 1:] - risk[:, :1],
        std_error=np.sqrt(variance[:, 1:] + variance[:, :1]),
        stage_z=comparison_z(design, new_x, new_n),
        planned=planned,
    )


def comparison_z(design: MultiArmDesign, events: Ints, participants: Ints) -> Floats:
    """Return (..., treatment) statistics of (..., arm) counts; NaN where an arm is empty."""
    test = design.analysis.count_test(1)
    return np.asarray(test.z(events[..., 1:], participants[..., 1:],
                             events[..., :1], participants[..., :1]))  # fmt: skip
