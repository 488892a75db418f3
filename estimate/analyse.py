"""Carry out an analysis plan: every planned estimate of one table of men, and what stands by it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from estimate.adjustment import adjusted
from estimate.analysis import Analysis
from estimate.analysis_set import AnalysisSet
from estimate.arrays import Floats
from estimate.balance import Balance, balance
from estimate.changes import changes
from estimate.complete import CompleteData, complete
from estimate.contingency import count, crude
from estimate.delivery import deliveries
from estimate.estimand import IntercurrentEvent
from estimate.explore import divisions, shapes
from estimate.firth import firth
from estimate.marginal import aipw, standardised, tmle
from estimate.matching import Focal, Matches, match_nearest, matched
from estimate.pairs import paired
from estimate.pathways import pathways
from estimate.plan import Plan
from estimate.plan_choices import Method
from estimate.poisson import modified_poisson
from estimate.pool import missing_information, pool_estimates
from estimate.propensity import (
    Discrimination,
    PropensityScore,
    c_statistic,
    propensity,
    trim,
)
from estimate.remarks import remarks
from estimate.result import Estimate
from estimate.robust_standardisation import randomised
from estimate.weighting import POPULATIONS, Target, Weights, iptw, iptw_adjusted, weights
from protocol.errors import InputError

Tell = Callable[[int, int, str], None]

_STANDARDISED: dict[str, Literal["ate", "att", "atc"]] = {
    "standardised": "ate",
    "standardised-att": "att",
    "standardised-atc": "atc",
}
_WEIGHTED: dict[str, Target] = {f"iptw-{target}": target for target in POPULATIONS}
_WITHOUT_SCORE = {
    "crude",
    "adjusted",
    "firth",
    "modified-poisson",
    "standardised-randomised",
    *_STANDARDISED,
}


def analyse(columns: Any, plan: Plan, *, where: str = "data", tell: Tell | None = None) -> Analysis:
    """Carry out ``plan`` on one table.

    Parameters
    ----------
    columns
        Names to columns, or a DataFrame.
    where
        File or table, for messages.
    tell
        Called with steps done, steps in all and what comes next.

    Raises
    ------
    InputError
        All faults of the table at once.

    Examples
    --------
    >>> men = {"gn": [1] * 368 + [0] * 174, "y": [1] * 115 + [0] * 253 + [1] * 34 + [0] * 140}
    >>> found = analyse(men, Plan(treatment="gn", outcome="y", methods=("crude",)))
    >>> for each in found.estimates:
    ...     print(f"{each.scale}: {each.estimate:.3f}, p = {each.p_value:.4f}")
    risk difference: 0.117, p = 0.0024
    risk ratio: 1.599, p = 0.0064
    odds ratio: 1.872, p = 0.0036
    """
    steps = [*plan.methods, *plan.models, *plan.subgroups, *plan.splines, *plan.mediation]
    say = tell or _say_nothing
    say(0, len(steps), "imputing" if plan.missing.method == "mice" else "reading")
    whole = _trim(complete(columns, plan, where=where), plan, where)
    work = _Work(plan, whole, where)
    estimates: list[Estimate] = []
    done = 0
    for step, effects in work.run():
        estimates += [_label(each, plan) for each in effects]
        done += 1
        say(done, len(steps), step)
    found: list[list[Any]] = []
    for answers in (divisions(whole, plan), shapes(whole, plan), pathways(whole, plan)):
        found.append([])
        for answer in answers:
            found[-1].append(answer)
            done += 1
            say(done, len(steps), "exploring")
    return Analysis(
        plan=plan,
        estimates=tuple(estimates),
        table=count(whole.data),
        complete=whole,
        score=work.score,
        discrimination=work.discrimination,
        balances=work.balances,
        effective_sizes=work.sizes,
        divisions=tuple(found[0]),
        shapes=tuple(found[1]),
        pathways=tuple(found[2]),
        deliveries=tuple(deliveries(columns, plan, where)),
        changes=tuple(changes(columns, plan, where)),
        information=tuple(work.information),
        remarks=_remarks(whole.data, work.score, estimates),
    )


def _remarks(
    data: AnalysisSet, score: PropensityScore | None, estimates: Sequence[Estimate]
) -> tuple[str, ...]:
    """Say why estimates are missing, where some are."""
    if all(each.converged for each in estimates):
        return ()
    return remarks(data, score)


def _trim(whole: CompleteData, plan: Plan, where: str) -> CompleteData:
    """Leave out men with extreme propensity scores, if the plan says so; the rest score anew."""
    if plan.trim_percent is None:
        return whole
    low, high = plan.trim_percent
    score = propensity(whole.data, plan.propensity)
    data = trim(whole.data, score, low / 100, high / 100)
    if not data.n.all():
        problem = f"nobody's propensity score lies from {low:g} to {high:g} %"
        raise InputError.of(where, "trim_percent", problem, "widen it, or see the overlap figure")
    return replace(whole, data=data)


class _Work:
    """The steps of one analysis, and what they leave beside their estimates."""

    __slots__ = (
        "balances", "data", "discrimination", "information", "plan", "score", "sizes", "where",
        "whole",
    )  # fmt: skip

    def __init__(self, plan: Plan, whole: CompleteData, where: str) -> None:
        self.plan, self.whole, self.data, self.where = plan, whole, whole.data, where
        self.score: PropensityScore | None = None
        self.discrimination: Discrimination | None = None
        self.balances: dict[str, Balance] = {}
        self.information: list[tuple[str, str, float]] = []
        self.sizes: dict[str, tuple[float, float]] = {}
        if set(plan.methods) - _WITHOUT_SCORE:
            self.score = propensity(self.data, plan.propensity)
            self.discrimination = c_statistic(
                self.score.score, self.data.treatment, self.data.include
            )
        if plan.covariates:
            self.balances["unadjusted"] = balance(self.data)

    def run(self) -> Iterator[tuple[str, Sequence[Estimate]]]:
        """Yield the name and the estimates of each step of the plan."""
        for method in self.plan.methods:
            if method == "crude":
                yield method, crude(self.whole.observed)
            else:
                yield method, [self._pool(each, method) for each in self._estimate(method)]
        for name, covariates in self.plan.models.items():
            found = adjusted(self.data, covariates, method=name, profile=self._one_table)
            yield name, [self._pool(found, name)]

    def _estimate(self, method: Method) -> Sequence[Estimate]:
        if method == "adjusted":
            return [adjusted(self.data, profile=self._one_table)]
        if method == "firth":
            return [firth(self.data)]
        if method == "modified-poisson":
            return [modified_poisson(self.data)]
        if method == "standardised-randomised":
            return randomised(self.data, strata=self.plan.strata)
        if method in _STANDARDISED:
            return standardised(self.data, target=_STANDARDISED[method])
        score = self._score()
        if method == "ps-covariate":
            return [adjusted(self.data, [], score=score.score, profile=self._one_table)]
        if method == "aipw":
            return aipw(self.data, score)
        if method == "tmle":
            return tmle(self.data, score)
        if method == "iptw-ate-adjusted":
            w = self._weights("ate", method, stabilised=True)
            return [iptw_adjusted(self.data, score, w)]
        if method.startswith("matching"):
            matches = self._matches(method)
            if method == "matching":
                return [matched(self.data, matches, [])]
            if method == "matching-conditional":
                return [paired(self.data, matches)]
            return [matched(self.data, matches, clustered=False)]
        return iptw(self.data, score, self._weights(_WEIGHTED[method], method))

    @property
    def _one_table(self) -> bool:
        """Whether there are no imputations, of which standard errors alone would be pooled."""
        return self.whole.imputation is None

    def _score(self) -> PropensityScore:
        if self.score is None:
            raise ValueError("no propensity score was estimated")
        return self.score

    def _weights(self, target: Target, method: str, *, stabilised: bool = False) -> Weights:
        percent = self.plan.truncate_percent
        truncate = None if percent is None else (percent[0] / 100, percent[1] / 100)
        w = weights(self.data, self._score(), target, stabilised=stabilised, truncate=truncate)
        self._keep_balance(method, w.value)
        treated, untreated = w.effective_size(self.data)
        self.sizes[method] = (float(np.mean(treated)), float(np.mean(untreated)))
        return w

    def _matches(self, method: str) -> Matches:
        choice = self.plan.matching
        matches = match_nearest(
            self.data,
            self._score(),
            choice.focal or _smaller_arm(self.data),
            order=choice.order,
            caliper=None if choice.caliper_percent is None else choice.caliper_percent / 100,
            on=choice.on,
            exact=choice.exact,
            where=self.where,
        )
        self._keep_balance(method, matches.weights)
        return matches

    def _keep_balance(self, method: str, w: Floats) -> None:
        """Keep what a method balanced; the same weights or pairs balance the same."""
        if method.removesuffix("-adjusted").removesuffix("-conditional") not in self.balances:
            self.balances[method] = balance(self.data, w)

    def _pool(self, each: Estimate, method: str) -> Estimate:
        """Name the estimate as the plan does; pool it if there are imputations."""
        named = replace(each, method=method)
        if self.whole.imputation is None:
            return named
        spent = len(self.plan.covariates) + 2
        left = self.data.n.min() - spent
        pooled = pool_estimates(named, df_complete=left)
        fraction = float(missing_information(named, df_complete=left))
        self.information.append((method, each.scale, fraction))
        within = each.interval.removeprefix("Wald, ")
        # what is pooled is the standard error, not the profile
        for kind in ("profile likelihood", "exact (binomial)"):
            within = within.replace(kind, "model-based errors")
        return replace(pooled, interval=f"{pooled.interval} ({within})")


def _smaller_arm(data: AnalysisSet) -> Focal:
    treated = np.count_nonzero((data.treatment > 0) & data.include, axis=-1)
    return "treated" if (2 * treated <= data.n).all() else "untreated"


def _label(each: Estimate, plan: Plan) -> Estimate:
    """Add to the estimand what only the plan knows: who the men are, and intercurrent events."""
    events = tuple(IntercurrentEvent(e.event, e.strategy) for e in plan.intercurrent)
    estimand = replace(each.estimand, intercurrent=events)
    if plan.population:
        estimand = estimand.among(f"{estimand.population}: {plan.population}")
    return replace(each, estimand=estimand)


def _say_nothing(done: int, total: int, doing: str) -> None:
    """Tell nobody."""
