"""Pharmacology of drugs: built-in drugs, and those that a scenario declares.

A regimen may inject only known drugs: an unknown drug would otherwise be simulated without any
effect.
"""

from dataclasses import dataclass

from protocol.errors import Fault, InputError
from protocol.regimen.load import load_regimen
from protocol.regimen.rules import Regimen
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.endocrine import Kinetics, Physiology

#: Drugs with sections of their own in every scenario.
HCG, UFSH = "hcg", "ufsh"


@dataclass(frozen=True, slots=True)
class Action:
    """Effect of one IU of a drug.

    Attributes
    ----------
    fsh
        Its kinetics as serum FSH; None: no FSH activity.
    hcg_iu_per_iu
        Equivalent IU of hCG on the Leydig cells; 0: none.
    """

    fsh: Kinetics | None = None
    hcg_iu_per_iu: float = 0.0


def actions(model: Physiology) -> dict[str, Action]:
    """Return the action of each known drug, by its name in regimens."""
    known = {HCG: Action(hcg_iu_per_iu=1.0), UFSH: Action(fsh=model.ufsh)}
    for name, drug in model.kinetics.items():
        like_hcg = drug.hcg_iu_per_iu.value if drug.hcg_iu_per_iu else 0.0
        known[name] = Action(drug.fsh, like_hcg)
    return known


def check_arms(scenario: Scenario) -> None:
    """Raise `InputError` if an arm of a scenario injects a drug that the scenario does not declare.

    `draw_cohort` checks this as well; call it before anything is written.
    """
    for arm in scenario.arms.values():
        check_drugs(load_regimen(arm.regimen), scenario.physiology)


def check_drugs(regimen: Regimen, model: Physiology) -> None:
    """Raise `InputError` for every drug of a regimen whose action the scenario does not declare."""
    known = actions(model)
    injected = {order.drug for phase in regimen.phases for order in phase.orders}
    unknown = [drug for drug in regimen.drugs if drug in injected and drug not in known]
    if unknown:
        raise InputError(
            Fault(
                regimen.id,
                f"drugs.{drug}",
                "the scenario does not define the effect of this drug",
                f"declare physiology.kinetics.{drug} in the scenario (fsh, hcg_iu_per_iu, or "
                f"inert: true), or inject {', '.join(known)}",
            )
            for drug in unknown
        )
