"""Power of a planned trial at one parameter set, from binomial counts where these suffice."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.arms import Risks
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.binomial import why_patient_level
from pretese.trial.simulation.engine import simulate_design
from pretese.trial.simulation.trial_results import Outcomes
from protocol.errors import InputError
from simulate.scenario import Scenario
from simulate.scenario.ensemble import member_scenario
from simulate.truth import estimands_of, population_effects

#: Number of patients from whom the event rates of one parameter set are computed.
PATIENTS = 131_072

#: Minimum distance of event rates in percent from 0 and 100.
_EDGE = 0.001


@dataclass(frozen=True, slots=True)
class MemberPower:
    """Event rates of one parameter set, with power and type I error at each sample size.

    Probabilities from 0 to 1; ``power`` counts significance in favour of therapy, ``type_one``
    rejection in either direction without an effect.
    """

    risk_control: float
    risk_treated: float
    power: tuple[float, ...]
    type_one: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class MemberTask:
    """Work of one process: simulate the trial at one parameter set.

    Attributes
    ----------
    scenario
        Scenario of the design, at the calibrated point.
    sizes
        Sample sizes, all arms together.
    """

    design: DesignFile
    scenario: Scenario
    sizes: tuple[int, ...]
    replicates: int
    seed: int

    def __call__(self, changes: Mapping[str, float]) -> MemberPower:
        """Return power and type I error with the values of one parameter set."""
        scenario = member_scenario(self.scenario, changes)
        design, counted = self.design, counted_endpoint(self.design)
        points = [(size, effect) for size in self.sizes for effect in (0.0, 1.0)]
        risks = self._risks(scenario, counted) if counted else None
        if risks is not None and why_patient_level(with_risks(design, *risks), points) is None:
            found = simulate_design(
                with_risks(design, *risks), None, points, seed=self.seed,
                replicates=self.replicates,
            )  # fmt: skip
        else:
            found = simulate_design(
                design, scenario, points, seed=self.seed, replicates=self.replicates
            )
        if risks is None:
            last = found[points[-1]]
            risks = float(last.risk_control.mean()), float(last.risk_treated.mean())
        return MemberPower(
            *risks,
            tuple(_in_favour(found[size, 1.0]) for size in self.sizes),
            tuple(_rejected(found[size, 0.0]) for size in self.sizes),
        )

    def _risks(self, scenario: Scenario, variable: str) -> tuple[float, float] | None:
        """Return the true risks in all patients; None where the endpoint is not defined in all."""
        wanted = f"{variable}.everyone"
        chosen = tuple(each for each in estimands_of(scenario) if each.key == wanted)
        if not chosen:
            return None
        effect = population_effects(scenario, self.seed, PATIENTS, chosen)[chosen[0].key]
        return float(effect.risk_untreated), float(effect.risk_treated)


def counted_endpoint(design: DesignFile) -> str | None:
    """Return the endpoint whose counts determine the trial; None if patients must be simulated.

    Counts are binomial where participants are a random sample of the scenario's patients, nobody
    is excluded, and the comparison uses only the counts.
    """
    patients_matter = (
        design.secondary or design.site_sd or design.calendar_trend
        or design.endpoint.sperm_in_ejaculate in ("excluded", "principal stratum")
        or design.analysis.method != "unadjusted" or design.analysis.strata
    )  # fmt: skip
    if patients_matter:
        return None
    composite = design.endpoint.sperm_in_ejaculate == "composite"
    return "any_sperm" if composite else design.endpoint.variable


def with_risks(design: DesignFile, control: float, treated: float) -> DesignFile:
    """Return the design with fixed event rates in place of its scenario."""
    percents = [float(np.clip(100 * risk, _EDGE, 100 - _EDGE)) for risk in (control, treated)]
    risks = Risks(control_percent=percents[0], treated_percent=percents[1])
    endpoint = design.endpoint.model_copy(update={"sperm_in_ejaculate": None})
    changed = {"scenario": None, "arms": None, "risks": risks, "endpoint": endpoint}
    return design.model_copy(update=changed)


def point_scenario(design: DesignFile) -> Scenario:
    """Return the scenario of a design at the calibrated point.

    Raises
    ------
    InputError
        The design has fixed event rates.
    """
    scenario = scenario_of(design)
    if scenario is None:
        problem = f"{design.id} has fixed event rates, which no ensemble changes"
        raise InputError.of("worlds", "", problem, "name a design with a scenario")
    return scenario


def _in_favour(outcomes: Outcomes) -> float:
    return float((outcomes.rejected.astype(bool) & (outcomes.z > 0)).mean())


def _rejected(outcomes: Outcomes) -> float:
    return float(outcomes.rejected.astype(bool).mean())
