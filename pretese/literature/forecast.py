"""Probability that a planned trial succeeds under published evidence, and what decides it.

The effect has a robust meta-analytic-predictive prior (`pretese.literature.prior`). Success is a
significant score test in favour of therapy; power is its normal approximation with one analysis.
Other unknowns than the effect have a range: the forecast is a band over all ranges, and
each unknown is also varied separately. Spiegelhalter DJ, Freedman LS, Parmar MKB. *J R Stat Soc A*
1994;157:357-416; O'Hagan A, Stevens JW, Campbell MJ. *Pharm Stat* 2005;4:187-201.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from scipy.special import expit, logit, ndtr
from scipy.stats import qmc

from estimate.core.arrays import Floats
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.sample_size.closed_form import power_two_proportions
from pretese.literature.forecast_parts import (
    Exclusion,
    Forecast,
    Influence,
    PilotForecast,
    PriorMaker,
    SizeForecast,
    TrialPlan,
    Unknown,
    Values,
)
from protocol.errors import InputError

#: Effects (log odds ratios): edges and middles of the classes, each evaluated at its middle.
_EDGES = np.linspace(-6.0, 6.0, 2402)
EFFECTS = np.round((_EDGES[:-1] + _EDGES[1:]) / 2, 12)

#: Probability of significance at each of `EFFECTS`, of a number of participants and a control risk;
#: the third argument is whether it is against therapy.
Powers = Callable[[int, float, bool], Floats]

#: Combinations of all unknowns behind a band, as a power of 2.
_COMBINATIONS_LOG2 = 7

#: Estimates of a pilot that are looked through, over this many standard deviations.
_PILOT_POINTS, _PILOT_REACH = 401, 6.0

#: Percentages between which bands and forecasts after a pilot are given.
BAND, MIDDLE = (2.5, 97.5), (10, 50, 90)

#: Smallest number of participants of a trial or pilot.
MIN_PARTICIPANTS = 8


def forecast(
    make_prior: PriorMaker, plan: TrialPlan, unknowns: Sequence[Unknown], sizes: Sequence[int],
    main: int, pilot: int, without: Mapping[str, NormalMixture] | None = None,
    control_risks: Floats | None = None, powers: Powers | None = None,
) -> Forecast:  # fmt: skip
    """Return the probability of success at several sizes, its band, and what decides it.

    Parameters
    ----------
    make_prior
        Gives the prior of the log odds ratio at values of the unknowns.
    unknowns
        All but the control risk, which the plan holds.
    sizes, main
        Participants of the trials, both arms together; and of the one that is looked into.
    pilot
        Participants of a pilot with equal arms.
    without
        The prior without each study, by the study's name.
    control_risks
        Control risks that are equally probable; None takes the range of the plan.
    powers
        Of a trial that compares more than the two arms of the plan; None: `two_arm_powers`.

    Raises
    ------
    InputError
        A size is below `MIN_PARTICIPANTS`, or the control risk is not between 0 and 1.
    """
    _check(plan, [*sizes, main, pilot])
    power = powers or partial(two_arm_powers, plan)
    risk = Unknown("control risk", plan.control_risk, *plan.control_risk_range)
    every = (risk, *unknowns)
    usual = {each.name: each.value for each in every}
    weights = grid_weights(make_prior(usual))
    drawn = _combinations(every, {} if control_risks is None else {risk.name: control_risks})
    grids = [grid_weights(make_prior(values)) for values in drawn]
    return Forecast(
        sizes=tuple(
            _size(n, plan, weights, list(zip(drawn, grids, strict=True)), power) for n in sizes
        ),
        main=main,
        influences=_influences(make_prior, every, usual, main, power),
        exclusions=_exclusions(without or {}, power(main, plan.control_risk, False)),
        pilot=_pilot(pilot, plan, weights, power(main, plan.control_risk, False)),
    )


def success_probability(
    prior: NormalMixture, plan: TrialPlan, participants: int, powers: Powers | None = None
) -> float:
    """Return the probability of success of one size at the control risk of the plan.

    Examples
    --------
    >>> plan = TrialPlan(0.3, (0.2, 0.4), 0.5, 1.0, 0.025)
    >>> belief = NormalMixture.of([0.5, 0.5], [0.0, 0.6], [0.0, 0.2])
    >>> round(success_probability(belief, plan, 400), 3)
    0.385
    """
    _check(plan, [participants])
    power = powers or partial(two_arm_powers, plan)
    return float(grid_weights(prior) @ power(participants, plan.control_risk, False))


def _check(plan: TrialPlan, sizes: Sequence[int]) -> None:
    for size in sizes:
        if size < MIN_PARTICIPANTS:
            problem = f"{size} participants"
            cure = f"give at least {MIN_PARTICIPANTS}"
            raise InputError.of("forecast", "participants", problem, cure)
    low, high = plan.control_risk_range
    if not 0 < low <= plan.control_risk <= high < 1:
        problem = f"a control risk of {plan.control_risk:g} ({low:g} to {high:g})"
        raise InputError.of("forecast", "control_risk", problem, "give risks between 0 and 1")


def grid_weights(prior: NormalMixture) -> Floats:
    """Return the probability of the class about each of `EFFECTS`; a point lies in one class."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (_EDGES[:, None] - prior.mean_of) / prior.sd_of
        inside = np.where(prior.sd_of > 0, ndtr(z), _EDGES[:, None] >= prior.mean_of)
    weights = np.diff(inside @ prior.weight)
    return np.asarray(weights / weights.sum())


def two_arm_powers(
    plan: TrialPlan, participants: int, control: float, against: bool = False
) -> Floats:
    """Return the probability of significance for therapy, or ``against`` it, at each effect."""
    analysed = participants * plan.analysed_share
    arms = analysed * plan.treated_share, analysed * (1 - plan.treated_share)
    treated = expit(logit(control) + EFFECTS)
    right = power_two_proportions(treated, control, *arms, alpha=plan.alpha)
    either = power_two_proportions(treated, control, *arms, alpha=plan.alpha, both_sides=True)
    helps = EFFECTS > 0
    found = np.where(helps != against, right, either - right)
    return np.where(EFFECTS == 0, plan.alpha, found)


def _size(
    participants: int, plan: TrialPlan, weights: Floats, drawn: list[tuple[Values, Floats]],
    power: Powers,
) -> SizeForecast:  # fmt: skip
    wins = power(participants, plan.control_risk, False)
    losses = power(participants, plan.control_risk, True)
    helps = EFFECTS > 0
    success, benefit = float(weights @ wins), float(weights[helps].sum())
    helpful = float((weights * wins)[helps].sum())
    spread = [w @ power(participants, v["control risk"], False) for v, w in drawn]
    low, high = np.percentile(spread, BAND)
    return SizeForecast(
        participants=participants,
        success=success,
        band=(float(low), float(high)),
        benefit=benefit,
        success_given_benefit=helpful / benefit if benefit else float("nan"),
        misleading=success - helpful,
        harm_shown=float(weights @ losses),
    )


def _combinations(
    unknowns: Sequence[Unknown], drawn: Mapping[str, Floats]
) -> list[dict[str, float]]:
    """Return values that fill all ranges evenly (Sobol points, the first one aside).

    ``drawn`` holds equally probable values of some unknowns, in place of their ranges.
    """

    def at(each: Unknown, share: float) -> float:
        if each.name in drawn:
            return float(np.quantile(drawn[each.name], share))
        return each.low + share * (each.high - each.low)

    points = qmc.Sobol(len(unknowns), scramble=False).random_base2(_COMBINATIONS_LOG2 + 1)
    return [
        {each.name: at(each, float(share)) for each, share in zip(unknowns, point, strict=True)}
        for point in points[1 : 2**_COMBINATIONS_LOG2 + 1]
    ]  # fmt: skip


def _influences(
    make_prior: PriorMaker, unknowns: Sequence[Unknown], usual: Values, main: int, power: Powers
) -> tuple[Influence, ...]:
    """Return the influence of each unknown, the largest first."""

    def success(values: Values) -> float:
        wins = power(main, values["control risk"], False)
        return float(grid_weights(make_prior(values)) @ wins)

    found = [
        Influence(
            each.name, each.low, each.high,
            success({**usual, each.name: each.low}), success({**usual, each.name: each.high}),
        )
        for each in unknowns
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: -each.span))


def _exclusions(without: Mapping[str, NormalMixture], wins: Floats) -> tuple[Exclusion, ...]:
    found = []
    for name, prior in without.items():
        weights = grid_weights(prior)
        benefit = float(weights[EFFECTS > 0].sum())
        found.append(Exclusion(name, float(weights @ wins), benefit))
    return tuple(found)


def _pilot(participants: int, plan: TrialPlan, weights: Floats, wins: Floats) -> PilotForecast:
    """Update the prior by each estimate that a pilot may give, weighted by how likely it is."""
    risk = plan.control_risk
    error = (4 / (participants * plan.analysed_share * risk * (1 - risk))) ** 0.5
    mean = float(weights @ EFFECTS)
    prior_sd = float(np.sqrt(weights @ (EFFECTS - mean) ** 2))
    reach = _PILOT_REACH * float(np.hypot(prior_sd, error))
    estimates = np.linspace(mean - reach, mean + reach, _PILOT_POINTS)
    joint = weights * np.exp(-0.5 * ((estimates[:, None] - EFFECTS) / error) ** 2)
    likely = joint.sum(1)
    after = joint / likely[:, None]
    centre = after @ EFFECTS
    spread = np.sqrt(np.maximum(0.0, after @ EFFECTS**2 - centre**2))
    success = after @ wins
    order = np.argsort(success)
    reached = np.cumsum(likely[order]) / likely.sum()
    low, middle, high = (float(np.interp(p / 100, reached, success[order])) for p in MIDDLE)
    return PilotForecast(
        participants, prior_sd, float(likely @ spread / likely.sum()), (low, middle, high)
    )
