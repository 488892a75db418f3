"""The plan that a forecast under published evidence needs from a design."""

from collections.abc import Sequence

from pretese.literature.forecast_parts import TrialPlan
from pretese.trial.design.design_file import DesignFile
from protocol.errors import InputError
from simulate.scenario import Scenario
from simulate.scenario.load import load_scenario
from simulate.truth import population_effects

#: Number of simulated patients from whom the control risk of a scenario is computed.
PATIENTS = 131_072

#: Range of the control risk, relative to its value, if no study reports one.
RELATIVE_RANGE = 0.25


def forecast_plan(
    design: DesignFile, observed: Sequence[float], seed: int = 1, *,
    scenario: Scenario | None = None,
) -> TrialPlan:  # fmt: skip
    """Return control risk, allocation, dropout and alpha of a two-arm superiority design.

    Parameters
    ----------
    observed
        Control risks of published studies; together with that of the design they define the range.
    seed
        Base seed of the simulated patients of a scenario.
    scenario
        With changed numbers; None is that of the design.

    Raises
    ------
    InputError
        The endpoint is not defined in every patient of the scenario.
    """
    risk = planned_event_risks(design, scenario, seed)[0]
    spread = (1 - RELATIVE_RANGE, 1 + RELATIVE_RANGE)
    risks = [risk, *(observed or [each * risk for each in spread])]
    dropout = design.dropout
    control, treated = design.allocation
    treated_share = treated / (control + treated)
    lost = (1 - treated_share) * dropout.control_percent + treated_share * dropout.treated_percent
    counted = design.endpoint.missing == "failure"  # the others count as failures
    plan = design.monitoring
    return TrialPlan(
        control_risk=risk,
        control_risk_range=(min(risks), min(max(risks), 0.95)),
        treated_share=treated_share,
        analysed_share=1.0 if counted else 1 - lost / 100,
        alpha=plan.alpha_percent / 100 / plan.sides,
    )


def planned_event_risks(
    design: DesignFile, scenario: Scenario | None = None, seed: int = 1
) -> tuple[float, float]:
    """Return the planned risks under control and under treatment, of all patients.

    Parameters are those of `forecast_plan`.

    Raises
    ------
    InputError
        The endpoint is not defined in every patient of the scenario.
    """
    if design.risks is not None:
        return design.risks.control_percent / 100, design.risks.treated_percent / 100
    variable = design.endpoint.variable
    if design.endpoint.sperm_in_ejaculate == "composite":
        variable = "any_sperm"  # sperm from either source counts
    found = scenario or load_scenario(design.scenario or "")
    effects = population_effects(found, seed, PATIENTS)
    key = f"{variable}.everyone"
    if key not in effects:
        problem = f"{variable} is not defined in every patient of {design.scenario}"
        raise InputError.of(design.id, "endpoint", problem, "choose another endpoint, or risks")
    return float(effects[key].risk_untreated), float(effects[key].risk_treated)
