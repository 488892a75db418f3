"""What an injection of each drug does in the body: built-in drugs, and those a scenario declares.

A regimen may inject only drugs of which this is known: an unknown name would otherwise be simulated
as if nothing had been injected.
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
    """What one IU of a drug does.

    Attributes
    ----------
    fsh
        How it reaches serum as FSH; None: not at all.
    hcg_iu_per_iu
        IU of hCG that it acts like on the Leydig cells; 0: none.
    """

    fsh: Kinetics | None = None
    hcg_iu_per_iu: float = 0.0


def actions(model: Physiology) -> dict[str, Action]:
    """Return what each known drug does, by its name in regimens."""
    known = {HCG: Action(hcg_iu_per_iu=1.0), UFSH: Action(fsh=model.ufsh)}
    for name, drug in model.kinetics.items():
        like_hcg = drug.hcg_iu_per_iu.value if drug.hcg_iu_per_iu else 0.0
        known[name] = Action(drug.fsh, like_hcg)
    return known


def check_arms(scenario: Scenario) -> None:
    """Raise `InputError` if an arm of a scenario injects a drug that the scenario does not declare.

    Drawing a cohort checks it too; ask before anything is written.
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
                "the scenario does not say what this drug does",
                f"declare physiology.kinetics.{drug} in the scenario (fsh, hcg_iu_per_iu, or "
                f"inert: true), or inject {', '.join(known)}",
            )
            for drug in unknown
        )
