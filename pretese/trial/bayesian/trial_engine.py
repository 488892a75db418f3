"""Operating characteristics of a Bayesian design at one size: exact, or simulated if too large."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.bayesian.arm_priors import ArmPriors
from estimate.bayesian.calibration import CalibratedSuccess, calibrate_success
from estimate.bayesian.count_tables import CountTables, EffectThreshold, JointPrior
from estimate.bayesian.decision_rules import (
    OUTCOMES,
    DecisionRules,
    decide_all,
    posterior_tables,
)
from estimate.bayesian.operating_characteristics import ExactTrialTables, PriorBehaviour
from estimate.bayesian.simulated_trials import SimulatedBehaviour, simulate_bayesian
from estimate.core.arrays import Floats
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.trial_parts import BayesianParts, treated_risk_at
from pretese.trial.bayesian.participant_trials import simulate_participant_trials
from protocol.errors import InputError
from simulate.core.random_streams import generator_of

#: Pairs of counts at the final analysis up to which all of them are tabulated, by kind of prior.
MOST_PAIRS, MOST_PAIRS_RELATIVE = 2_000_000, 500_000

#: A number with its Monte Carlo standard error and replicates; both None where it is exact.
Measure = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EngineAtSize:
    """A Bayesian design at one sample size.

    Attributes
    ----------
    rules
        With the probability of success in use, calibrated if the design asks for it.
    exact
        None if the trial is simulated.
    """

    design: BayesianDesign
    parts: BayesianParts
    sizes: tuple[tuple[int, int], ...]
    rules: DecisionRules
    calibrated: CalibratedSuccess | None
    exact: ExactTrialTables | None
    replicates: int
    seed: int

    @property
    def months(self) -> list[float] | None:
        """Expected month of each analysis; None if the file has no sites."""
        return self.design.months_at(sum(self.sizes[-1]))

    def at(self, treated: float, control: float) -> dict[str, Any]:
        """Return the behaviour at fixed risks as measures."""
        if self.exact is not None:
            found = self.exact.at_risks(treated, control)
            return {
                "outcome": {name: exact_measure(float(value))
                            for name, value in zip(OUTCOMES, found.outcome, strict=True)},
                "stop": found.stop.tolist(),
                "expected_participants": exact_measure(float(found.expected_participants)),
                "posterior_mean_difference": exact_measure(float(found.difference)),
            }  # fmt: skip
        return self._shown(self._simulate((treated, control), f"{treated!r} {control!r}"))

    def at_share(self, share: float) -> dict[str, Any]:
        """Return risks and behaviour of trials of participants at a share of the effect."""
        found = simulate_participant_trials(
            self.design, self.parts.prior, self.rules, self.sizes, share, self.replicates, self.seed
        )
        control, treated = found.risks
        return {
            "risk_control": mean_measure(control), "risk_treated": mean_measure(treated),
            "true_difference": mean_measure(treated - control),
            "analysed_participants": mean_measure(found.analysed), **self._shown(found.behaviour),
        }  # fmt: skip

    def _simulate(self, risks: tuple[Any, Any], purpose: str) -> SimulatedBehaviour:
        random = generator_of(self.seed, f"bayesian trial {self.sizes[-1]} {purpose}")
        return simulate_bayesian(
            self.parts.prior, self.rules, self.sizes, risks, self.replicates, random
        )

    def _shown(self, found: SimulatedBehaviour) -> dict[str, Any]:
        return {
            "outcome": {name: share_measure(found.outcome == k) for k, name in enumerate(OUTCOMES)},
            "stop": found.stop(len(self.sizes)).tolist(),
            "expected_participants": mean_measure(found.participants),
            "posterior_mean_difference": None,
        }

    def averaged(self) -> dict[str, Any] | None:
        """Return the behaviour on average over the design prior, or else that of the analysis.

        None for trials of participants: their risks are those of the scenario.
        """
        if self.design.by_participants:
            return None
        threshold = self.rules.success.threshold
        prior: JointPrior = self.parts.design_prior or self.parts.prior
        if self.exact is not None:
            own = self.parts.design_prior is None
            return _averages(
                self.exact.under_own_prior() if own else self.exact.under(prior, threshold)
            )
        random = generator_of(self.seed, "bayesian trial, risks drawn from the prior")
        treated, control = prior.draw(random, self.replicates)
        found = self._simulate((treated, control), "averaged")
        return _simulated_averages(found, threshold.effect(treated, control) > threshold.value)

    def informative_weight(self, treated: float, control: float) -> float | None:
        """Return the expected posterior weight of what earlier studies predict, at the end."""
        if self.exact is None or not self.parts.control.robust:
            return None
        if not isinstance(self.parts.prior, ArmPriors):
            return None
        weights = [1 - self.parts.control.mixture.weights_after(n)[-1][None] for _, n in self.sizes]
        return self.exact.expected_at_risks(weights, treated, control)


def engine_at(
    design: BayesianDesign, parts: BayesianParts, participants: int, replicates: int, seed: int,
    *, prior: JointPrior | None = None, rules: DecisionRules | None = None,
) -> EngineAtSize:  # fmt: skip
    """Return a design at a size, its probability of success calibrated if the design asks for it.

    Parameters
    ----------
    prior, rules
        Of the analysis, instead of those of the design.
    """
    if prior is not None:
        parts = BayesianParts(
            parts.control, parts.treated, parts.effect, prior, parts.rules, parts.design_prior
        )
    sizes = tuple(design.sizes_at(participants))
    chosen = rules or parts.rules
    if design.by_participants:
        return EngineAtSize(design, parts, sizes, chosen, None, None, replicates, seed)
    calibrate = rules is None and design.bayes.success.max_type_i_error_percent is not None
    if not tabulated(parts.prior, sizes):
        if calibrate:
            problem = f"{participants} participants are too many to calibrate success exactly"
            cure = "give probability_percent"
            raise InputError.of(design.id, "bayes.success", problem, cure)
        return EngineAtSize(design, parts, sizes, chosen, None, None, replicates, seed)
    tables = posterior_tables(parts.prior, chosen, sizes)
    found = _calibrated(design, chosen, sizes, tables) if calibrate else None
    if found is not None:
        chosen = chosen.with_success(found.probability)
    exact = ExactTrialTables(decide_all(chosen, sizes, tables))
    return EngineAtSize(design, parts, sizes, chosen, found, exact, replicates, seed)


def tabulated(prior: JointPrior, sizes: Sequence[tuple[int, int]]) -> bool:
    """Return whether all counts of a trial are few enough to be tabulated."""
    treated, control = sizes[-1]
    most = MOST_PAIRS if isinstance(prior, ArmPriors) else MOST_PAIRS_RELATIVE
    return (treated + 1) * (control + 1) <= most


def _calibrated(
    design: BayesianDesign, rules: DecisionRules, sizes: Sequence[tuple[int, int]],
    tables: Sequence[CountTables],
) -> CalibratedSuccess:  # fmt: skip
    stated = design.bayes.success
    planned, _ = design.planned_risks
    control = np.array([each / 100 for each in stated.at_control_percent] or [planned])
    treated = null_risks(design, control, rules.success.threshold)
    error = (stated.max_type_i_error_percent or 0) / 100
    return calibrate_success(rules, sizes, tables, (treated, control), error)


def null_risks(design: BayesianDesign, control: Floats, threshold: EffectThreshold) -> Floats:
    """Return the risks under treatment at the limit of success; refuse impossible ones."""
    treated = treated_risk_at(design, control, 0.0, threshold)
    if ((treated <= 0) | (treated >= 1)).any():
        problem = "a control risk leads to an impossible risk under treatment at the limit"
        cure = "name control risks further from 0 and 100"
        raise InputError.of(design.id, "bayes.success.at_control_percent", problem, cure)
    return treated


def exact_measure(value: float) -> Measure:
    """Return a number that is not simulated."""
    return {"value": value if np.isfinite(value) else None, "mcse": None, "n": None}


def share_measure(hits: Any) -> Measure:
    """Return the share of simulated trials with a property."""
    n = int(np.size(hits))
    if n == 0:
        return exact_measure(float("nan"))
    share = float(np.mean(hits))
    return {"value": share, "mcse": float(np.sqrt(share * (1 - share) / n)), "n": n}


def mean_measure(values: Any) -> Measure:
    """Return the mean over simulated trials."""
    n = int(np.size(values))
    return {"value": float(np.mean(values)), "mcse": float(np.std(values, ddof=1) / n**0.5), "n": n}


def _averages(found: PriorBehaviour) -> dict[str, Any]:
    return {
        "outcome": {name: exact_measure(float(value))
                    for name, value in zip(OUTCOMES, found.outcome, strict=True)},
        "expected_participants": exact_measure(found.expected_participants),
        "effective": exact_measure(found.effective),
        "success_given_effective": exact_measure(found.success_given_effective),
        "success_given_not_effective": exact_measure(found.success_given_not),
        "misleading_success": exact_measure(found.misleading),
        "missed_effect": exact_measure(found.missed),
    }  # fmt: skip


def _simulated_averages(found: SimulatedBehaviour, effective: Any) -> dict[str, Any]:
    success = found.outcome == 0
    return {
        "outcome": {name: share_measure(found.outcome == k) for k, name in enumerate(OUTCOMES)},
        "expected_participants": mean_measure(found.participants),
        "effective": share_measure(effective),
        "success_given_effective": share_measure(success[effective]),
        "success_given_not_effective": share_measure(success[~effective]),
        "misleading_success": share_measure(~effective[success]),
        "missed_effect": share_measure(effective[~success]),
    }
