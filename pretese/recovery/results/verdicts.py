"""Verdicts: whether a method recovers the truth, and whether that is what was claimed."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import pandas as pd

from estimate.core.result import RATIOS
from estimate.performance.tally import Performance
from pretese.recovery.design.study_spec import OF, Case, StudySpec, Tolerance
from pretese.recovery.results.replicates import AnalysisKey
from pretese.recovery.work.known_effects import TruthName
from pretese.recovery.work.methods import methods_and_scales

#: Nominal coverage of every interval.
NOMINAL = 0.95

#: Scales as tables and figures shorten them.
SHORT = {"risk difference": "RD", "risk ratio": "RR", "odds ratio": "OR"}

#: Share of replicates without an answer beyond which a method does not recover.
MOST_WITHOUT_ANSWER = 0.05


@dataclass(frozen=True, slots=True)
class Pate:
    """A true effect in the population, as a logarithm for ratios, with its Monte Carlo error."""

    value: float
    mcse: float


def population_truths(draws: pd.DataFrame) -> dict[tuple[str, TruthName], Pate]:
    """Average the draws of a case into its population effects, by plan and name."""
    groups = draws.groupby(["plan", "target", "scale"], observed=True)["value"]
    found = groups.agg(["mean", "std", "count"])
    return {
        (plan, (target, scale)): Pate(float(row["mean"]), float(row["std"] / np.sqrt(row["count"])))
        for (plan, target, scale), row in found.iterrows()
    }


Verdict = Literal["recovers", "fails", "undecided"]
Claim = Literal["recovers", "fails", "none"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a method recovers a population effect, what was claimed, and why.

    ``bias`` and its Monte Carlo error (that of the truth included) are on the scale of the
    standard error: logarithms for ratios.
    """

    case: str
    plan: str
    method: str
    scale: str
    truth: float
    bias: float
    bias_mcse: float
    empirical_se: float
    coverage: float
    coverage_mcse: float
    no_answer: float
    usable: int
    verdict: Verdict
    claim: Claim
    surprise: bool
    reason: str
    because: str


def verdict_on(
    answer: AnalysisKey,
    performance: Performance,
    pate: Pate,
    claim: Claim,
    because: str,
    tolerance: Tolerance,
) -> Judgement:
    """Compare bias and coverage with chance and tolerance.

    A method fails if its bias is beyond chance (3 Monte Carlo errors) and beyond the tolerance, if
    its coverage is further from 0.95 than tolerance and chance together, or if more than one
    replicate in twenty has no answer. Where failure is claimed and not seen, the verdict is
    "undecided" until both limits together are narrow enough to rule it out.
    """
    n = int(performance.bias.n)
    bias, spread = float(performance.bias.value), float(performance.empirical_se.value)
    error = float(np.hypot(performance.bias.mcse, pate.mcse))
    coverage = float(performance.coverage.value)
    limit, most = tolerance.chance, tolerance.bias_percent / 100
    reach = tolerance.coverage_percent / 100
    chance = limit * float(np.sqrt(NOMINAL * (1 - NOMINAL) / max(n, 1)))
    no_answer = float(performance.non_convergence.value)
    reasons = []
    if not abs(bias) <= max(limit * error, most * spread):
        reasons.append(f"bias {bias:+z.3f} ({error:.3f})")
    if not abs(coverage - NOMINAL) <= reach + chance:
        reasons.append(f"coverage {coverage:.3f}")
    if no_answer > MOST_WITHOUT_ANSWER:
        reasons.append(f"no answer in {100 * no_answer:.0f} %")
    ruled_out = (
        abs(bias) + limit * error <= most * spread and abs(coverage - NOMINAL) + chance <= 2 * reach
    )
    verdict: Verdict = "fails" if reasons else "recovers"
    if claim == "fails" and not reasons and not ruled_out:
        verdict = "undecided"
    return Judgement(
        **{field.name: getattr(answer, field.name) for field in fields(AnalysisKey)},
        truth=float(np.exp(pate.value)) if answer.scale in RATIOS else pate.value,
        bias=bias,
        bias_mcse=error,
        empirical_se=spread,
        coverage=coverage,
        coverage_mcse=float(performance.coverage.mcse),
        no_answer=no_answer,
        usable=n,
        verdict=verdict,
        claim=claim,
        surprise=claim != "none" and verdict not in (claim, "undecided"),
        reason="; ".join(reasons),
        because=because if claim == "fails" else "",
    )


def claim_of(case: Case, answer: AnalysisKey) -> tuple[Claim, str]:
    """Return what a case claims of a method, and why."""
    names = {answer.method, answer.method.split(OF)[0]}
    for failure in case.fails:
        here = failure.plan == answer.plan and names & set(failure.methods)
        if here and (failure.scales is None or answer.scale in failure.scales):
            return "fails", failure.because
    if names & set(case.no_claim.get(answer.plan, ())):
        return "none", ""
    return "recovers", ""


def analysis_keys(spec: StudySpec, name: str, case: Case) -> Iterator[AnalysisKey]:
    """Yield every method and scale of a case, in the order of its plans."""
    for plan_name in case.plans:
        for method, scale in methods_and_scales(spec.plans[plan_name]):
            yield AnalysisKey(name, plan_name, method, scale)
