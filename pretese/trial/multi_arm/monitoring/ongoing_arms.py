"""An ongoing trial of several arms compared with its plan, and designs that are refused."""

from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from pretese.trial.multi_arm.monitoring.arm_analyses import follow_arms
from pretese.trial.multi_arm.monitoring.arm_boundaries import ArmsAsked, MonitoredArms
from pretese.trial.multi_arm.monitoring.arm_data import ArmInterimData
from pretese.trial.multi_arm.monitoring.arm_statistics import arm_statistics
from protocol.errors import InputError


def monitor_arms(design: MultiArmDesign, data: ArmInterimData, asked: ArmsAsked) -> MonitoredArms:
    """Compare interim data with the plan.

    Raises
    ------
    InputError
        No valid decision exists for the design, the options or the analyses.
    """
    check_monitored(design)
    _check_asked(design, asked)
    return follow_arms(design, data, arm_statistics(design, data, asked.planned), asked)


def check_monitored(design: MultiArmDesign) -> None:
    """Refuse designs whose interim data are not counts of treatments and a control."""
    if design.enrichment is not None:
        problem = "the interim data of an enrichment trial are those of two populations"
        cure = "analyse them by the procedure of the design; monitor designs with treatments"
        raise InputError.of(design.id, "enrichment", problem, cure)
    if design.factorial is not None:
        problem = "a factorial trial has one analysis, and no interim data"
        raise InputError.of(design.id, "factorial", problem, "analyse the trial when it has ended")


def _check_asked(design: MultiArmDesign, asked: ArmsAsked) -> None:
    for name in asked.continued:
        if name not in design.treatments:
            cure = f"choose from {', '.join(design.treatments)}"
            raise InputError.of("continued", "", f"there is no treatment {name!r}", cure)
    if not asked.risks:
        return
    if design.risks_percent is not None:
        raise InputError.of("arm_risks", "", "the design has risks of its own", "leave it out")
    unknown = [name for name in asked.risks if name not in design.names]
    missing = [name for name in design.names if name not in asked.risks]
    if unknown or missing:
        problem = f"there is no arm {unknown[0]!r}" if unknown else f"{missing[0]} has none"
        cure = f"give one for each of {', '.join(design.names)}"
        raise InputError.of("arm_risks", "", problem, cure)
