"""From estimates per replicate to performance, contrasts and verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
from numpy.typing import NDArray

from estimate.performance import (
    Measure,
    Performance,
    measure_performance,
    paired_difference,
    relative_precision,
)
from estimate.result import RATIOS
from pretese.study.methods import answers_of as answers_in
from pretese.study.spec import OF, Case, StudySpec, Tolerance
from pretese.study.truth import TruthName, truth_name

Floats = NDArray[np.float64]

#: Nominal coverage of every interval.
NOMINAL = 0.95

#: Share of replicates without an answer beyond which a method does not recover.
MOST_WITHOUT_ANSWER = 0.05


@dataclass(frozen=True, slots=True)
class Answer:
    """Which numbers: a method of a plan in a case, on a scale."""

    case: str
    plan: str
    method: str
    scale: str


@dataclass(frozen=True, slots=True)
class Replicates:
    """What one method answered in every replicate; each (replicate,), ratios as logarithms."""

    estimate: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    p_value: Floats
    sate: Floats

    def against(self, truth: Floats | float) -> Performance:
        """Return performance against a truth: one number, or one per replicate."""
        return measure_performance(
            self.estimate,
            self.std_error,
            truth,
            conf_low=self.conf_low,
            conf_high=self.conf_high,
            p_value=self.p_value,
        )

    def covers(self, truth: float) -> Floats:
        """Return 1 where the interval holds the truth, 0 where not, NaN without an interval."""
        inside = (self.conf_low <= truth) & (truth <= self.conf_high)
        return np.where(np.isnan(self.conf_low), np.nan, inside)

    def rejects(self) -> Floats:
        """Return 1 where p is at or below 0.05, 0 where not, NaN without a p-value."""
        return np.where(np.isnan(self.p_value), np.nan, self.p_value <= 0.05)


@dataclass(frozen=True, slots=True)
class Pate:
    """A true effect in the population, as a logarithm for ratios, with its Monte Carlo error."""

    value: float
    mcse: float


@dataclass(frozen=True, slots=True)
class Source:
    """Where the estimates of a case stand: Parquet files in order, and how many replicates."""

    files: Sequence[Path]
    replicates: int

    def read(self, answer: Answer) -> Replicates:
        """Read one method's answers, in the order of replicates; nothing else enters memory."""
        names = [field.name for field in fields(Replicates)]
        wanted = ds.field("replicate") < self.replicates
        for word in ("plan", "method", "scale"):
            wanted &= ds.field(word) == getattr(answer, word)
        files = ds.dataset([str(path) for path in self.files], format="parquet")
        table = files.to_table(columns=names, filter=wanted)
        columns = {name: table[name].to_numpy() for name in names}
        if answer.scale in RATIOS:
            with np.errstate(divide="ignore", invalid="ignore"):
                for name in ("estimate", "conf_low", "conf_high", "sate"):
                    columns[name] = np.log(columns[name])
        return Replicates(**columns)


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


def judge(
    answer: Answer,
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
        reasons.append(f"bias {bias:+.3f} ({error:.3f})")
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
        **{field.name: getattr(answer, field.name) for field in fields(Answer)},
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


def claim_of(case: Case, answer: Answer) -> tuple[Claim, str]:
    """Return what a case claims of a method, and why."""
    step = answer.method.split(OF)[0]
    for failure in case.fails:
        here = failure.plan == answer.plan and step in failure.methods
        if here and (failure.scales is None or answer.scale in failure.scales):
            return "fails", failure.because
    if step in case.no_claim.get(answer.plan, ()):
        return "none", ""
    return "recovers", ""


def answers_of(spec: StudySpec, name: str, case: Case) -> Iterator[Answer]:
    """Yield every method and scale of a case, in the order of its plans."""
    for plan_name in case.plans:
        for method, scale in answers_in(spec.plans[plan_name]):
            yield Answer(name, plan_name, method, scale)


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is said about a study; frames have one row per line of their files."""

    truths: pd.DataFrame
    performance: pd.DataFrame
    contrasts: pd.DataFrame
    judgements: tuple[Judgement, ...]

    @property
    def surprises(self) -> tuple[Judgement, ...]:
        """Judgements that contradict what was claimed."""
        return tuple(each for each in self.judgements if each.surprise)


def assess(
    spec: StudySpec, estimates: Mapping[str, Source], draws: Mapping[str, pd.DataFrame]
) -> Assessment:
    """Measure every method of every case, one at a time, so that memory stays bounded.

    Parameters
    ----------
    estimates
        Case to its estimates.
    draws
        Case to the draws of its population truth.
    """
    truths: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    contrasts: list[dict[str, Any]] = []
    judgements: list[Judgement] = []
    cases = spec.all_cases()
    first = next(iter(cases))
    for case_name, case in cases.items():
        pates = population_truths(draws[case_name])
        leaders: dict[tuple[str, str], tuple[Answer, Replicates, float]] = {}
        for answer in answers_of(spec, case_name, case):
            found = estimates[case_name].read(answer)
            pate = pates[answer.plan, truth_name(answer.method, answer.scale)]
            performance = found.against(pate.value)
            rows += _performance_rows(answer, "PATE", performance)
            rows += _performance_rows(answer, "SATE", found.against(found.sate))
            truths.append(_truth_row(answer, pate, found))
            claim, because = claim_of(case, answer)
            judgements.append(judge(answer, performance, pate, claim, because, spec.tolerance))
            here = (answer, found, pate.value)
            leader = leaders.setdefault((answer.plan, answer.scale), here)
            if leader is not here:
                contrasts += _contrast_rows("method", here, leader)
            if case_name != first and answer.plan in cases[first].plans:
                twin = Answer(first, answer.plan, answer.method, answer.scale)
                other = estimates[first].read(twin)
                truth = population_truths(draws[first])[
                    answer.plan, truth_name(answer.method, answer.scale)
                ]
                contrasts += _contrast_rows("case", here, (twin, other, truth.value))
    return Assessment(
        pd.DataFrame(truths), pd.DataFrame(rows), pd.DataFrame(contrasts), tuple(judgements)
    )


def _words(answer: Answer) -> dict[str, str]:
    return {field.name: getattr(answer, field.name) for field in fields(answer)}


def _performance_rows(
    answer: Answer, against: str, performance: Performance
) -> Iterator[dict[str, Any]]:
    for record in performance.records():
        del record["index"]
        yield {**_words(answer), "against": against, **record}


def _truth_row(answer: Answer, pate: Pate, found: Replicates) -> dict[str, Any]:
    """Return both truths; log_* columns hold logarithms for ratios, as do Monte Carlo errors."""
    mean = float(np.nanmean(found.sate))
    back = np.exp if answer.scale in RATIOS else float
    return {
        **_words(answer),
        "target": truth_name(answer.method, answer.scale)[0],
        "pate": float(back(pate.value)),
        "pate_mcse": pate.mcse,
        "sate_mean": float(back(mean)),
        "sate_sd": float(np.nanstd(found.sate, ddof=1)),
    }


def _contrast_rows(
    between: str,
    here: tuple[Answer, Replicates, float],
    reference: tuple[Answer, Replicates, float],
) -> Iterator[dict[str, Any]]:
    """Compare with a reference on the same luck: the error of a difference is of differences."""
    (answer, a, truth), (other, b, other_truth) = here, reference
    n = min(len(a.estimate), len(b.estimate))
    error, other_error = a.estimate[:n] - truth, b.estimate[:n] - other_truth
    measures: dict[str, Measure] = {
        "bias": paired_difference(error, other_error),
        "mse": paired_difference(error**2, other_error**2),
        "coverage": paired_difference(a.covers(truth)[:n], b.covers(other_truth)[:n]),
        "rejection": paired_difference(a.rejects()[:n], b.rejects()[:n]),
        "relative_precision": relative_precision(a.estimate[:n], b.estimate[:n]),
    }
    for name, measure in measures.items():
        yield {
            **_words(answer),
            "between": between,
            "reference": other.method if between == "method" else other.case,
            "measure": name,
            "difference": float(measure.value),
            "mcse": float(measure.mcse),
            "n": int(measure.n),
        }


def wanted_replicates(performance: pd.DataFrame, mcse: float) -> int:
    """Return the replicates after which coverage and rejection have this Monte Carlo error.

    Judged from the shares found so far, in the worst of all methods; a share of 0 or 1 counts as
    one success or failure more.
    """
    shares = performance[
        performance["measure"].isin(["coverage", "rejection"]) & (performance["n"] > 0)
    ]
    n = shares["n"].to_numpy(float)
    p = (shares["value"].to_numpy(float) * n + 1) / (n + 2)
    return int(np.ceil((p * (1 - p)).max() / mcse**2)) if len(n) else 0
