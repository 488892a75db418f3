"""The plan of several arms that a forecast under published evidence needs from a design."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from scipy.special import logit

from estimate.core.arrays import Bools, Floats, Ints
from estimate.multi_arm.local_tests import NEVER, LocalTests, Procedure, local_tests
from pretese.literature.forecast_parts import TrialPlan
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.design.forecast_plan import forecast_plan, planned_event_risks
from pretese.trial.multi_arm.design.design_file import MultiArmDesign
from protocol.errors import InputError

#: Maximum number of combinations of boundaries that the treatments reach.
MOST = 20_000


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decisions of a closed test with one analysis, by the boundaries that each z reaches.

    Attributes
    ----------
    levels
        (treatment) boundaries of z, increasing.
    reached
        (combination, treatment) number of its boundaries that each treatment reaches.
    rejected
        (combination, treatment) rejections.
    """

    levels: tuple[Floats, ...]
    reached: Ints
    rejected: Bools


@dataclass(frozen=True, slots=True)
class ArmPlan:
    """Data of a design of several arms for a forecast.

    Attributes
    ----------
    design
        The design with its primary hypotheses only.
    comparison
        Index of the treatment whose effect has the prior.
    pair
        Plan of this treatment and the control, with the dropout of all arms.
    shares
        (arm,) share of the participants allocated to each, the control first.
    log_odds
        (treatment,) planned log odds ratios; that of the treatment with the prior is not used.
    decisions
        Of the closed test at one analysis.
    """

    design: MultiArmDesign
    comparison: int
    pair: TrialPlan
    shares: Floats
    log_odds: Floats
    decisions: Decisions

    @property
    def false_others(self) -> Bools:
        """(treatment,) whether each of the other treatments has no planned benefit."""
        found = self.log_odds <= 0
        found[self.comparison] = False
        return np.asarray(found)


def chosen_comparison(design: MultiArmDesign, name: str | None) -> int:
    """Return the index of the treatment that a prior concerns.

    Parameters
    ----------
    name
        A treatment; None is that of the design, or its only one.

    Raises
    ------
    InputError
        The design has another structure, or it is not said which treatment is meant.
    """
    _check_structure(design)
    named = name or design.prior_of or (design.treatments[0] if len(design.names) == 2 else None)
    if named not in design.treatments:
        problem = "the prior is that of one treatment"
        problem = f"{named!r} is not a treatment of {design.id}" if named else problem
        cure = f"choose one of {', '.join(design.treatments)}"
        raise InputError.of("prior_of", "", problem, cure)
    return design.treatments.index(named)


def _check_structure(design: MultiArmDesign) -> None:
    reasons = {
        "is factorial": design.factorial is not None,
        "tests a population": design.enrichment is not None,
        "has a margin": bool(design.analysis.margin_percent),
    }
    for words, given in reasons.items():
        if given:
            problem = f"{design.id} {words}"
            cure = "forecast a design of superiority in all participants"
            raise InputError.of("prior", "", problem, cure)


def arm_plan(
    design: MultiArmDesign, comparison: int, observed: Sequence[float],
    changes: dict[str, float] | None = None,
) -> ArmPlan:  # fmt: skip
    """Return control risk, allocation, dropout, planned effects and tests of a design.

    Parameters
    ----------
    comparison
        From `chosen_comparison`.
    observed
        Control risks of published studies; together with that of the design they define the range.
    changes
        Numbers of the scenario to replace, by path.

    Raises
    ------
    InputError
        The endpoint is not defined in every patient of the scenario.
    """
    primary = MultiArmDesign.model_validate({**design.model_dump(), "secondary": ()})
    pair = primary.pair(primary.treatments[comparison])
    scenario = scenario_of(pair, changes) if changes else None
    shares = np.array(primary.parts) / sum(primary.parts)
    lost = shares @ [primary.dropout_percent.get(name, 0.0) for name in primary.names]
    counted = primary.endpoint.missing == "failure"  # the others count as failures
    found = replace(
        forecast_plan(pair, observed, scenario=scenario),
        treated_share=float(shares[comparison + 1] / (shares[0] + shares[comparison + 1])),
        analysed_share=1.0 if counted else float(1 - lost / 100),
        alpha=primary.alpha,
    )
    log_odds = [_log_odds(primary, name, changes) for name in primary.treatments]
    return ArmPlan(
        primary, comparison, found, shares, np.array(log_odds), decisions_of(_one_analysis(primary))
    )


def _log_odds(design: MultiArmDesign, arm: str, changes: dict[str, float] | None) -> float:
    pair = design.pair(arm)
    control, treated = planned_event_risks(pair, scenario_of(pair, changes))
    return float(logit(treated) - logit(control))


def _one_analysis(design: MultiArmDesign) -> LocalTests:
    """Return the tests of a design at the final analysis, at full level.

    A combination test with one stage is the closed test of its intersections; Holm stands for that
    of Sidak.
    """
    procedure: Procedure
    if design.testing.procedure == "combination":
        dunnett = design.testing.within_stages == "dunnett"
        procedure = "closed dunnett" if dunnett else "holm"
    else:
        procedure = design.testing.procedure
    return local_tests(
        procedure, [1.0], design.monitoring.shape(), design.ratios, design.alpha,
        order=[design.comparisons.index(name) for name in design.testing.order],
    )  # fmt: skip


def decisions_of(tests: LocalTests) -> Decisions:
    """Return the decisions for every combination of boundaries that the treatments reach.

    >>> from estimate.sequential.boundary_shapes import WangTsiatis
    >>> found = decisions_of(local_tests("holm", [1.0], WangTsiatis(0.0), [1.0, 1.0], 0.025))
    >>> [level.round(3).tolist() for level in found.levels], len(found.reached)
    ([[1.96, 2.241], [1.96, 2.241]], 9)
    """
    levels = tuple(np.unique(row[row < NEVER]) for row in tests.critical[:, :, 0].T)
    if np.prod([level.size + 1 for level in levels], dtype=float) > MOST:
        problem = "the treatments reach too many combinations of boundaries"
        cure = "give the treatments the same allocation, or plan fewer of them"
        raise InputError.of("prior", "allocation", problem, cure)
    reached = np.array(list(product(*(range(level.size + 1) for level in levels))))
    z = np.stack(
        [np.append(-np.inf, level)[reached[:, arm]] for arm, level in enumerate(levels)], -1
    )
    return Decisions(levels, reached, tests.decide(z[:, None, :, None])[..., 0])
