"""Exact results on the trial page: sample size, boundaries, power, expected size, assurance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pretese.api.estimators.catalogue import estimators
from pretese.api.trials import group_sequential
from pretese.web.trials.trial_question import TrialQuestion
from protocol.errors import InputError

#: Sizes, relative to the planned one, at which the exact curve is computed.
CURVE_POINTS = 25

#: Limit of the work for a curve (participants of one arm times analyses, summed over its points):
#: larger trials have fewer points, so that the page responds to a slider.
CURVE_WORK = 60_000

#: Maximum number of participants in both arms for enumeration on a page.
MOST_PARTICIPANTS = 6000

#: Percent of the planned effect at which expected sizes are computed.
EFFECTS = (0, 25, 50, 75, 100, 125, 150)

#: Number of points of the prior over which power is averaged.
PRIOR_POINTS = 15


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """A planned trial; participants are those of all arms, risks and powers are fractions.

    ``curve`` and ``expected`` are points: participants and exact power; percent of the effect and
    expected participants.
    """

    question: TrialQuestion
    document: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]]
    analysed: int
    enrolled: int
    power: float
    type_1_error: float
    curve: Sequence[tuple[float, float]]
    expected: Sequence[tuple[float, float]]
    assurance: float | None
    type_1_error_mcse: float = 0.0

    @property
    def expected_under(self) -> dict[str, float]:
        """Expected participants without and with the planned effect."""
        found = dict(self.expected)
        return {"null": found[0.0], "alternative": found[100.0]} if found else {}


def trial_answer(question: TrialQuestion) -> TrialAnswer:
    """Compute the results on the page.

    Raises
    ------
    InputError
        The trial is too large to be enumerated on a page.
    """
    document = group_sequential.boundaries(**question.arguments()).to_dict()
    if question.treatments > 1:
        return _several_treatments(question, document)
    size = document["participants"]
    per_arm = size["per_arm_at_analysis"][-1]
    _check_size(2 * per_arm)
    trial = _Exact(question, document)
    return TrialAnswer(
        question,
        document,
        [{**row, "per_arm": n, "effect": _effect_at(question, row["upper"], n)}
         for row, n in zip(document["analyses"], size["per_arm_at_analysis"], strict=True)],
        2 * per_arm,
        2 * _enrolled(question, per_arm),
        size["exact_power"],
        size["exact_type_1_error"],
        exact_curve(question, document),
        trial.expected_sizes(per_arm),
        trial.assurance(per_arm) if question.prior_sd_percent else None,
    )  # fmt: skip


def _several_treatments(question: TrialQuestion, document: Mapping[str, Any]) -> TrialAnswer:
    size = document["participants"]
    controls, others = size["control_at_analysis"], size["per_treatment_arm_at_analysis"]
    _check_size(size["in_all"])
    rows = [{**row, "lower": None, "alpha_spent": None, "per_arm": n,
             "effect": _effect_at(question, row["upper"], n)}
            for row, n in zip(document["analyses"], others, strict=True)]  # fmt: skip
    enrolled = _enrolled(question, controls[-1])
    enrolled += question.treatments * _enrolled(question, others[-1])
    return TrialAnswer(
        question, document, rows, size["in_all"], enrolled, size["power"]["value"],
        size["type_i_error"]["value"], exact_curve(question, document),
        _expected_sizes(document),
        _Exact(question, document).assurance(others[-1]) if question.prior_sd_percent else None,
        size["type_i_error"]["mcse"],
    )  # fmt: skip


def _expected_sizes(document: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return expected participants if no treatment works, and if one does (normal approximation).

    Treatments that are not rejected continue to the end, and so does the control.
    """
    size, cases = document["participants"], document["scenarios"]
    control, each = size["control_at_analysis"][-1], size["per_treatment_arm_at_analysis"][-1]
    return [
        (
            effect,
            control * case["expected_control"] + each * sum(case["expected_treatment_arms"]),
        )
        for effect, case in zip((0.0, 100.0), cases, strict=False)
    ]


def exact_curve(question: TrialQuestion, document: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return participants in all arms, and the exact power of the design at each size.

    With several treatments it is the power to find one, which depends on its own counts and those
    of the control alone.
    """
    trial = _Exact(question, document)
    size = document["participants"]
    several = question.treatments > 1
    planned = size["per_treatment_arm_at_analysis" if several else "per_arm_at_analysis"][-1]
    points = max(7, min(CURVE_POINTS, CURVE_WORK // (planned * len(trial.shares))))
    first, last = max(len(trial.shares), round(0.3 * planned)), round(1.7 * planned)
    arms = sorted({round(first + (last - first) * i / (points - 1)) for i in range(points)})
    count = 1.0 + question.treatments
    return [(count * arm, float(trial.enumerated(arm, trial.treated).power)) for arm in arms]


class _Exact:
    """A treatment and the control, enumerated; an endpoint to avoid is mirrored."""

    def __init__(self, question: TrialQuestion, document: Mapping[str, Any]) -> None:
        rows = document["analyses"]
        self.upper = [row["upper"] for row in rows]
        lower = [row["lower"] if row["lower"] is not None else -20.0 for row in rows]
        self.lower = lower if question.futility != "none" else None
        self.shares = [row["information_rate"] for row in rows]
        self.null = document["participants"].get("null", 0.0)
        self.question = question
        mirrored = not self.null and question.treated_percent < question.control_percent
        self.treated, self.control = (
            1 - risk / 100 if mirrored else risk / 100
            for risk in (question.treated_percent, question.control_percent)
        )

    def enumerated(self, arm: int, treated: Any) -> Any:
        """Enumerate the trial with ``arm`` participants per arm at the final analysis."""
        at = [max(k, round(share * arm)) for k, share in enumerate(self.shares, start=1)]
        trial = estimators.exact_sequential
        nulls = {"nulls": (self.null,)} if self.null else {}
        return trial(at, at, self.upper, treated, self.control, lower=self.lower, **nulls)

    def expected_sizes(self, arm: int) -> list[tuple[float, float]]:
        """Return expected sample size by percentage of the effect, from the null hypothesis."""
        without = self.control + self.null
        risks = [without + each / 100 * (self.treated - without) for each in EFFECTS]
        inside = [(float(e), r) for e, r in zip(EFFECTS, risks, strict=True) if 0 < r < 1]
        found = self.enumerated(arm, [risk for _, risk in inside]).expected_participants
        return [(each, float(size)) for (each, _), size in zip(inside, found, strict=True)]

    def assurance(self, arm: int) -> float:
        """Return exact power averaged over a normal prior of the log odds ratio."""
        from numpy import asarray, exp, log, sqrt
        from numpy.polynomial.hermite_e import hermegauss

        nodes, weights = hermegauss(PRIOR_POINTS)
        odds = self.control / (1 - self.control)
        planned = log(self.treated / (1 - self.treated) / odds)
        effects = planned + asarray(nodes) * abs(planned) * self.question.prior_sd_percent / 100
        risks = odds * exp(effects) / (1 + odds * exp(effects))
        power = asarray(self.enumerated(arm, risks).power)
        return float((power * weights).sum() / sqrt(2 * math.pi))


def _effect_at(question: TrialQuestion, z: float, per_arm: int) -> float:
    """Return the risk difference, in percentage points, at a boundary."""
    pooled = (question.control_percent + question.treated_percent) / 200
    error = math.sqrt(2 * pooled * (1 - pooled) / per_arm)
    return 100 * z * error - question.margin_percent


def _enrolled(question: TrialQuestion, analysed: int) -> int:
    return math.ceil(analysed / (1 - question.dropout_percent / 100))


def _check_size(participants: int) -> None:
    if participants > MOST_PARTICIPANTS:
        problem = f"{participants:,} participants are planned"
        cure = f"ask for at most {MOST_PARTICIPANTS:,} here, or use pretese power"
        raise InputError.of("trial", "size", problem, cure)
