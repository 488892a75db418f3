"""Performance of several endpoints: separately, in the family, and family-wise error."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtr

from estimate.core.arrays import Floats
from estimate.performance.measures import Measure, measure_performance
from estimate.sequential.trials import follow
from pretese.trial.design.design_file import DesignFile
from pretese.trial.measures.trial_means import bias_of, given_measure, mean, true_values, truth_of
from pretese.trial.simulation.claims import decide_claims
from pretese.trial.simulation.trial_results import Outcomes


@dataclass(frozen=True, slots=True)
class OneOfSeveral:
    """Performance of one endpoint.

    Attributes
    ----------
    name, estimand, analysis
        Labels.
    risk_control, risk_treated
        Proportions of all participants who would meet it if randomised to each arm.
    truth, estimate, bias, coverage
        True effect, mean estimate, bias and coverage; logarithms for ratios. ``coverage`` is
        that of unadjusted intervals.
    alone, claimed
        Probability of rejection in favour of treatment: as the only endpoint at full alpha, and in
        the family.
    """

    name: str
    estimand: str
    analysis: str
    risk_control: Measure
    risk_treated: Measure
    truth: Measure
    estimate: Measure
    bias: Measure
    coverage: Measure
    alone: Measure
    claimed: Measure


@dataclass(frozen=True, slots=True)
class FamilyError:
    """Probability of claiming an endpoint of ``nulls``, which have no effect."""

    nulls: tuple[str, ...]
    error: Measure


def each_endpoint(design: DesignFile, outcomes: Outcomes) -> list[OneOfSeveral]:
    """Return the performance of each endpoint, the primary first."""
    return [_one(design, outcomes, k) for k in range(len(design.questions))]


def any_and_all(outcomes: Outcomes) -> tuple[Measure, Measure]:
    """Return the probabilities of claiming at least one endpoint, and all of them."""
    won = _part(outcomes, "endpoint_claimed") * (_part(outcomes, "endpoint_z") > 0)
    return mean(won.max(-1)), mean(won.min(-1))


def family_errors(design: DesignFile, outcomes: Outcomes) -> list[FamilyError]:
    """Return family-wise errors under the global null, then under every partial null.

    The statistic of an endpoint depends only on the effect on this endpoint. A trial in which some
    endpoints have no effect therefore uses their statistics from the same participants simulated
    without it. Such a combination need not be biologically plausible: it is the least favourable
    one for the procedure. With re-estimation the effect on the primary endpoint also determines the
    sample size of the others.
    """
    errors = []
    for nulls in null_sets(len(design.questions)):
        null = np.isin(np.arange(len(design.questions)), nulls)
        path, without = _statistics(design, outcomes, no_primary_effect=bool(null[0]))
        claimed = decide_claims(design, np.where(null, without, path)).claimed.astype(float)
        names = tuple(design.labels[k] for k in nulls)
        errors.append(FamilyError(names, mean(claimed[:, null].max(-1))))
    return errors


def _statistics(
    design: DesignFile, outcomes: Outcomes, *, no_primary_effect: bool
) -> tuple[Floats, Floats]:
    """Return statistics with and without effects, at the sizes from the primary endpoint."""
    names = ("path", "path_without")
    if design.monitoring.reestimation is not None:
        names = (
            ("path_null_size", "path_without")
            if no_primary_effect
            else ("path", "path_without_planned_size")
        )
    path, without = (_path(design, outcomes, name) for name in names)
    return path, without


def null_sets(count: int) -> Iterator[tuple[int, ...]]:
    """Yield all non-empty sets of endpoints, the largest first.

    >>> list(null_sets(2))
    [(0, 1), (0,), (1,)]
    """
    for size in range(count, 0, -1):
        yield from combinations(range(count), size)


def _one(design: DesignFile, outcomes: Outcomes, k: int) -> OneOfSeveral:
    question = design.questions[k]

    def column(name: str) -> Floats:
        return _part(outcomes, f"endpoint_{name}")[:, k]

    given = given_measure(outcomes, k)
    control, treated, target = (column(name) for name in ("risk_control", "risk_treated", "target"))
    known = true_values(question, target, control, treated, given)
    truth = truth_of(question, known, given)
    z, plan = column("z"), design.monitoring.plan()
    own = follow(plan, _path(design, outcomes, "path")[..., k])
    p = ndtr(-z) if plan.sides == 1 else 2 * ndtr(-np.abs(z))
    found = measure_performance(
        column("estimate"), column("std_error"), truth.value, conf_low=column("conf_low"),
        conf_high=column("conf_high"), p_value=p,
    )  # fmt: skip
    return OneOfSeveral(
        name=design.labels[k],
        estimand=str(question.estimand),
        analysis=question.analysis.method,
        risk_control=mean(control),
        risk_treated=mean(treated),
        truth=truth,
        estimate=mean(column("estimate")),
        bias=bias_of(found.bias, column("estimate"), known, given),
        coverage=found.coverage,
        alone=mean((own.rejected & (own.z > 0)).astype(float)),
        claimed=mean(column("claimed") * (z > 0)),
    )


def _path(design: DesignFile, outcomes: Outcomes, name: str) -> Floats:
    """Return (replicate, analysis, endpoint) statistics."""
    flat = _part(outcomes, f"endpoint_{name}")
    return flat.reshape(len(flat), -1, len(design.questions))


def _part(outcomes: Outcomes, name: str) -> Floats:
    values: Floats | None = getattr(outcomes, name)
    if values is None:
        raise ValueError(f"these trials have one endpoint and no {name}")
    return values
