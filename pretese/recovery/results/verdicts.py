"""Verdicts: whether a method is unbiased with nominal coverage, and whether that was expected."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr, stdtrit

from estimate.core.result import RATIOS
from estimate.performance.tally import Performance
from pretese.recovery.design.study_cases import Case, Tolerance
from pretese.recovery.design.study_spec import OF, StudySpec
from pretese.recovery.results.replicates import AnalysisKey
from pretese.recovery.work.known_effects import TruthName
from pretese.recovery.work.methods import methods_and_scales

#: Nominal coverage of every interval.
NOMINAL = 0.95

#: Abbreviations of the scales in tables and figures.
SHORT = {"risk difference": "RD", "risk ratio": "RR", "odds ratio": "OR"}

#: Proportion of replicates without an estimate beyond which a method is not called unbiased.
MAX_NON_CONVERGENCE = 0.05


@dataclass(frozen=True, slots=True)
class Pate:
    """A true effect in the population, as a logarithm for ratios, with its Monte Carlo error."""

    value: float
    mcse: float


def population_truths(draws: pd.DataFrame) -> dict[tuple[str, TruthName], Pate]:
    """Average the simulated true effects of a case into its population effects."""
    groups = draws.groupby(["plan", "target", "scale"], observed=True)["value"]
    found = groups.agg(["mean", "std", "count"])
    return {
        (plan, (target, scale)): Pate(float(row["mean"]), float(row["std"] / np.sqrt(row["count"])))
        for (plan, target, scale), row in found.iterrows()
    }


#: Unbiased means unbiased with nominal coverage; a method with too low coverage is called biased.
Verdict = Literal["unbiased", "biased", "undecided"]
Expected = Literal["unbiased", "biased", "none"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Performance of a method against a population effect, the verdict and the expected verdict.

    ``bias`` and its Monte Carlo error (that of the true effect included) are on the scale of the
    standard error: logarithms for ratios. ``estimates`` is the number of replicates with an
    estimate. ``reason`` is the reason for the verdict "biased", ``expected_reason`` that for its
    expectation.
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
    non_convergence: float
    estimates: int
    verdict: Verdict
    expected: Expected
    unexpected: bool
    reason: str
    expected_reason: str


def student_limit(limit: float, replicates: int) -> float:
    """Return the quantile of Student's t at the level of a normal ``limit``.

    The Monte Carlo error of a bias is estimated from the same replicates; with few of them the
    normal limit would call an unbiased method biased.

    >>> round(student_limit(3, 10), 2), round(student_limit(3, 2000), 2)
    (4.09, 3.0)
    """
    if replicates < 2:
        return float("inf")
    return float(stdtrit(replicates - 1, ndtr(limit)))


def verdict_on(
    answer: AnalysisKey,
    performance: Performance,
    pate: Pate,
    expected: Expected,
    expected_reason: str,
    tolerance: Tolerance,
) -> Judgement:
    """Compare bias and coverage with Monte Carlo error and tolerance.

    A method is called biased if its bias exceeds both the Monte Carlo limit and the tolerance, if
    its coverage differs from 0.95 by more than tolerance and Monte Carlo limit together, or if it
    gives no estimate in more than 5 % of the replicates. Where bias is expected and not found, the
    verdict is "undecided" until both limits together are narrow enough to rule it out.
    """
    n = int(performance.bias.n)
    bias, empirical_se = float(performance.bias.value), float(performance.empirical_se.value)
    error = float(np.hypot(performance.bias.mcse, pate.mcse))
    coverage = float(performance.coverage.value)
    limit, most = tolerance.chance, tolerance.bias_percent / 100
    bias_limit = student_limit(limit, n) * error
    reach = tolerance.coverage_percent / 100
    chance = limit * float(np.sqrt(NOMINAL * (1 - NOMINAL) / max(n, 1)))
    non_convergence = float(performance.non_convergence.value)
    reasons = []
    if not abs(bias) <= max(bias_limit, most * empirical_se):
        reasons.append(f"bias {bias:+z.3f} ({error:.3f})")
    if not abs(coverage - NOMINAL) <= reach + chance:
        reasons.append(f"coverage {coverage:.3f}")
    if non_convergence > MAX_NON_CONVERGENCE:
        reasons.append(f"non-convergence {100 * non_convergence:.0f} %")
    ruled_out = (
        abs(bias) + bias_limit <= most * empirical_se
        and abs(coverage - NOMINAL) + chance <= 2 * reach
    )
    verdict: Verdict = "biased" if reasons else "unbiased"
    if expected == "biased" and not reasons and not ruled_out:
        verdict = "undecided"
    return Judgement(
        **{field.name: getattr(answer, field.name) for field in fields(AnalysisKey)},
        truth=float(np.exp(pate.value)) if answer.scale in RATIOS else pate.value,
        bias=bias,
        bias_mcse=error,
        empirical_se=empirical_se,
        coverage=coverage,
        coverage_mcse=float(performance.coverage.mcse),
        non_convergence=non_convergence,
        estimates=n,
        verdict=verdict,
        expected=expected,
        unexpected=expected != "none" and verdict not in (expected, "undecided"),
        reason="; ".join(reasons),
        expected_reason=expected_reason if expected == "biased" else "",
    )


def expectation_of(case: Case, answer: AnalysisKey) -> tuple[Expected, str]:
    """Return the expected verdict of a method in a case, and the reason."""
    names = {answer.method, answer.method.split(OF)[0]}
    for bias in case.biased:
        here = bias.plan == answer.plan and names & set(bias.methods)
        if here and (bias.scales is None or answer.scale in bias.scales):
            return "biased", bias.reason
    if names & set(case.no_expectation.get(answer.plan, ())):
        return "none", ""
    return "unbiased", ""


def analysis_keys(spec: StudySpec, name: str, case: Case) -> Iterator[AnalysisKey]:
    """Yield every method and scale of a case, in the order of its plans."""
    for plan_name in case.plans:
        for method, scale in methods_and_scales(spec.plans[plan_name]):
            yield AnalysisKey(name, plan_name, method, scale)
