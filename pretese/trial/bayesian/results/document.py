"""The operating characteristics of a Bayesian design as plain values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binom

from estimate.bayesian.decision_rules import FUTILITY, HARM, SUCCESS, PosteriorRule
from estimate.core.arrays import Ints
from estimate.core.numeric.normal_mixture import NormalMixture
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.trial_parts import (
    BayesianParts,
    StatedRiskPrior,
    limit_words,
    treated_risk_at,
)
from pretese.trial.bayesian.trial_engine import EngineAtSize, engine_at, exact_measure
from protocol.errors import InputError

#: Control risks of the table by control risk, in percentage points from the plan.
CONTROL_SHIFTS = (-20.0, -15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)


#: Share of the planned effect, in the other direction, that a trial with a rule of harm is shown.
HARM_SHARE = -0.5


@dataclass(frozen=True, slots=True)
class BayesianRequest:
    """Options of a study; empty ``participants``: the sample size of the file."""

    participants: tuple[int, ...]
    effects: tuple[float, ...]
    target_power: float | None
    replicates: int
    seed: int

    def record(self) -> dict[str, Any]:
        """Return the request as plain values."""
        return {
            "participants": sorted(set(self.participants)), "effects": sorted(set(self.effects)),
            "target_power": self.target_power, "seed": self.seed, "replicates": self.replicates,
        }  # fmt: skip


def describe_bayesian(design: BayesianDesign, parts: BayesianParts) -> dict[str, Any]:
    """Return what the design states: priors, rules, allocation."""
    section = design.bayes
    return {
        "id": design.id,
        "title": design.title,
        "question": " ".join(design.question.split()),
        "endpoint": design.endpoint.label,
        "allocation": list(design.allocation),
        "scenario": design.scenario,
        "risk_control": None if design.risks is None else design.planned_risks[0],
        "risk_treated": None if design.risks is None else design.planned_risks[1],
        "priors": {
            "control": _risk_prior(parts.control),
            "treated": None if parts.treated is None else _risk_prior(parts.treated),
            "effect": None if parts.effect is None else _effect_prior(parts),
            "design_prior": section.design_prior is not None,
        },
    }


def _risk_prior(stated: StatedRiskPrior) -> dict[str, Any]:
    mixture = stated.mixture
    elir = mixture.elir_sample_size()
    return {
        "components": [
            {"weight": float(w), "alpha": float(a), "beta": float(b)}
            for w, a, b in zip(mixture.weight, mixture.alpha, mixture.beta, strict=True)
        ],
        "mean": mixture.mean,
        "sd": mixture.sd,
        "quantiles": [mixture.quantile(each) for each in (0.025, 0.5, 0.975)],
        "effective_sample_size": {"elir": elir, "moment": mixture.moment_sample_size()},
        "robust_weight": float(mixture.weight[-1]) if stated.robust else 0.0,
        "studies": list(stated.studies),
        "largest_gap_of_fit": None if stated.history is None else stated.history.largest_gap,
    }


def _effect_prior(parts: BayesianParts) -> dict[str, Any]:
    effect = parts.effect or NormalMixture.of([1.0], [0.0], [0.0])
    scale = getattr(parts.prior, "scale", "odds ratio")
    return {
        "scale": "log odds ratio" if scale == "odds ratio" else scale,
        "mean": effect.mean,
        "sd": effect.sd,
        "no_effect": float(effect.weight[(effect.sd_of == 0) & (effect.mean_of == 0)].sum()),
        "harm": effect.probability_below(0.0),
        "components": int(effect.weight.size),
    }


def size_document(
    design: BayesianDesign, parts: BayesianParts, request: BayesianRequest, participants: int
) -> dict[str, Any]:
    """Return all results at one sample size."""
    engine = engine_at(design, parts, participants, request.replicates, request.seed)
    harmful = engine.rules.harm is not None and design.scenario is None
    harm = {HARM_SHARE} if harmful else set()
    shares = sorted({0.0, 1.0, *request.effects, *harm})
    return {
        "participants": participants,
        "method": "simulated" if engine.exact is None else "exact",
        "rules": rules_document(engine),
        "analyses": [_analysis(engine, k) for k in range(len(engine.sizes))],
        "effects": [_effect(engine, share) for share in shares],
        "averaged": engine.averaged(),
        "by_control_risk": _by_control_risk(engine),
    }


def rules_document(engine: EngineAtSize) -> dict[str, Any]:
    """Return the rules with the probabilities in use."""
    rules, found = engine.rules, engine.calibrated
    return {
        "success": _rule(rules.success),
        "harm": None if rules.harm is None else _rule(rules.harm),
        "futility": None if rules.futility is None else _rule(rules.futility),
        "futility_predictive": None if rules.predictive is None else list(rules.predictive),
        "calibrated": None if found is None else {
            "probability": found.probability,
            "type_i_error": found.type_i_error,
            "control_risk": found.control_risk,
        },
    }  # fmt: skip


def _rule(rule: PosteriorRule) -> dict[str, Any]:
    return {
        "threshold": limit_words(rule.threshold),
        "probability": list(rule.probability),
    }


def _analysis(engine: EngineAtSize, k: int) -> dict[str, Any]:
    """Return participants, and the decision for each number of treated events."""
    treated, control = engine.sizes[k]
    document: dict[str, Any] = {
        "participants": treated + control,
        "months": None if engine.months is None else engine.months[k],
        "treated": treated,
        "control": control,
        "decisions": [],
        "probability_of_success": None,
    }
    if engine.exact is None:
        return document
    risk = engine.design.planned_risks[0]
    here = engine.exact.analyses[k]
    counts = [int(binom.ppf(q, control, risk)) for q in (0.1, 0.5, 0.9)]
    document["decisions"] = [
        {"control_events": c, **_limits(here.decision[:, c])} for c in sorted(set(counts))
    ]
    if k + 1 < len(engine.sizes):
        middle = counts[1]
        document["probability_of_success"] = {
            "control_events": middle,
            "treated_events": list(range(treated + 1)),
            "predictive": [float(each) for each in here.predictive[:, middle]],
        }
    return document


def _limits(codes: Ints) -> dict[str, int | None]:
    """Return treated events from which success follows, and up to which futility and harm do."""
    success = np.flatnonzero(codes == SUCCESS)
    futile = np.flatnonzero((codes == FUTILITY) | (codes == HARM))
    harm = np.flatnonzero(codes == HARM)
    return {
        "success_from": int(success[0]) if success.size else None,
        "futility_up_to": int(futile[-1]) if futile.size else None,
        "harm_up_to": int(harm[-1]) if harm.size else None,
    }


def _effect(engine: EngineAtSize, share: float) -> dict[str, Any]:
    design = engine.design
    if design.by_participants:
        return _simulated_effect(engine, share)
    control = np.array([design.planned_risks[0]])
    treated = treated_risk_at(design, control, share, engine.rules.success.threshold)
    if not 0 < treated[0] < 1:
        problem = f"an effect of {100 * share:g} % gives an impossible risk under treatment"
        raise InputError.of(design.id, "effect", problem, "ask for an effect closer to the plan")
    found = engine.at(float(treated[0]), float(control[0]))
    risks = {
        "risk_control": float(control[0]), "risk_treated": float(treated[0]),
        "true_difference": float(treated[0] - control[0]),
        "risk_control_mcse": None, "risk_treated_mcse": None, "true_difference_mcse": None,
        "analysed_participants": found["expected_participants"],
    }  # fmt: skip
    return _effect_row(engine, share, risks, found)


def _simulated_effect(engine: EngineAtSize, share: float) -> dict[str, Any]:
    """Return the behaviour of trials of participants; the true risks are simulated too."""
    found = engine.at_share(share)
    risks = {"analysed_participants": found.pop("analysed_participants")}
    for name in ("risk_control", "risk_treated", "true_difference"):
        measure = found.pop(name)
        risks |= {name: measure["value"], f"{name}_mcse": measure["mcse"]}
    return _effect_row(engine, share, risks, found)


def _effect_row(
    engine: EngineAtSize, share: float, risks: dict[str, Any], found: dict[str, Any]
) -> dict[str, Any]:
    stop = found.pop("stop")
    return {
        "effect_percent": 100 * share,
        **risks,
        **found,
        "expected_months": _months(engine, stop),
        "stop": [dict(zip(found["outcome"], row, strict=True)) for row in stop],
    }


def _months(engine: EngineAtSize, stop: list[list[float]]) -> dict[str, Any] | None:
    """Return the expected duration, from the probabilities of ending at each analysis."""
    if engine.months is None:
        return None
    ended, months = np.array(stop).sum(1), np.array(engine.months)
    mean = float(ended @ months)
    if engine.exact is not None:
        return exact_measure(mean)
    spread = float(np.sqrt(ended @ (months - mean) ** 2 / engine.replicates))
    return {"value": mean, "mcse": spread, "n": engine.replicates}


def _by_control_risk(engine: EngineAtSize) -> list[dict[str, Any]]:
    """Return type I error and power as the control risk moves, with and without borrowing."""
    if engine.exact is None:
        return []
    design, threshold = engine.design, engine.rules.success.threshold
    plain = _without_borrowing(engine)
    rows = []
    for points in CONTROL_SHIFTS:
        control = design.planned_risks[0] + points / 100
        if not 0.01 <= control <= 0.99:
            continue
        null, planned = (
            float(treated_risk_at(design, np.array([control]), share, threshold)[0])
            for share in (0.0, 1.0)
        )
        if not (0 < null < 1 and 0 < planned < 1):
            continue
        rows.append({
            "points": points,
            "risk_control": control,
            "type_i_error": _success(engine, null, control),
            "power": _success(engine, planned, control),
            "type_i_error_not_borrowed": plain and _success(plain, null, control),
            "power_not_borrowed": plain and _success(plain, planned, control),
            "informative_weight": engine.informative_weight(null, control),
        })  # fmt: skip
    return rows


def _without_borrowing(engine: EngineAtSize) -> EngineAtSize | None:
    """Return the trial with a uniform prior of the control risk and the same rules."""
    control = engine.parts.control
    if control.history is None and control.mixture.alpha.max() <= 1:
        return None
    return engine_at(
        engine.design, engine.parts, sum(engine.sizes[-1]), engine.replicates, engine.seed,
        prior=engine.parts.without_borrowing(), rules=engine.rules,
    )  # fmt: skip


def _success(engine: EngineAtSize, treated: float, control: float) -> float:
    return float(engine.at(treated, control)["outcome"]["success"]["value"])


def find_bayesian_size(
    design: BayesianDesign, parts: BayesianParts, request: BayesianRequest
) -> dict[str, Any]:
    """Return the smallest size, in steps of one round of the allocation, with the wanted power.

    Power is bracketed by doubling, then bisected; a smaller size may reach it by the steps of the
    counts, which is why the sizes that were tried are listed.
    """
    unit, wanted = sum(design.allocation), request.target_power or 0.8
    tried: dict[int, dict[str, Any]] = {}

    def power(rounds: int) -> float:
        size = rounds * unit
        if size not in tried:
            engine = engine_at(design, parts, size, request.replicates, request.seed)
            row = _effect(engine, 1.0)
            tried[size] = {"participants": size, **row["outcome"]["success"]}
        return float(tried[size]["value"])

    smallest = max(1, -(-10 // unit), 2 * len(design.bayes.analyses_percent))
    low, high = smallest, max(smallest + 1, design.participants // unit)
    if power(low) >= wanted:
        high = low
    while power(high) < wanted:
        low, high = high, 2 * high
        if high * unit > 20_000:
            return {"target_power": wanted, "participants": None, "tried": _sorted(tried)}
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= wanted else (middle, high)
    return {"target_power": wanted, "participants": high * unit, "tried": _sorted(tried)}


def _sorted(tried: dict[int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [tried[size] for size in sorted(tried)]
