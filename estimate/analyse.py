"""Carry out an analysis plan: every planned estimate of one table of men, and what stands by it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from estimate.adjustment import adjusted
from estimate.analysis_set import AnalysisSet
from estimate.arrays import Floats
from estimate.balance import Balance, balance
from estimate.complete import CompleteData, complete
from estimate.contingency import TwoByTwo, count, crude
from estimate.estimand import IntercurrentEvent
from estimate.evalue import e_value
from estimate.explore import (
    Division,
    Shape,
    divisions,
    mediation_record,
    mediations,
    shapes,
    with_multiplicity,
)
from estimate.firth import firth
from estimate.marginal import aipw, standardised, tmle
from estimate.matching import Focal, Matches, match_nearest, matched
from estimate.mediation import Mediation
from estimate.plan import Method, Plan
from estimate.pool import pool_estimates
from estimate.propensity import Discrimination, PropensityScore, c_statistic, propensity
from estimate.result import RATIOS, Estimate, plain
from estimate.weighting import POPULATIONS, Target, Weights, iptw, iptw_adjusted, weights

Tell = Callable[[int, int, str], None]

_STANDARDISED: dict[str, Literal["ate", "att", "atc"]] = {
    "standardised": "ate",
    "standardised-att": "att",
    "standardised-atc": "atc",
}
_WEIGHTED: dict[str, Target] = {f"iptw-{target}": target for target in POPULATIONS}
_WITHOUT_SCORE = {"crude", "adjusted", "firth", *_STANDARDISED}


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a plan found in one table.

    Attributes
    ----------
    estimates
        In the order of the plan, each of one study (pooled, if data were imputed).
    table
        Men by treatment and outcome.
    complete
        The data that estimates came from.
    score, discrimination
        Propensity score, with leading shape () or (imputation,), and its C-statistic; None if no
        method needs one.
    balances
        "unadjusted", and each weighting or matching method, to the balance it reached.
    effective_sizes
        Weighting method to effective numbers of treated and untreated men.
    divisions, shapes, mediations
        Answers to the further questions of the plan.
    """

    plan: Plan
    estimates: tuple[Estimate, ...]
    table: TwoByTwo
    complete: CompleteData
    score: PropensityScore | None
    discrimination: Discrimination | None
    balances: Mapping[str, Balance]
    effective_sizes: Mapping[str, tuple[float, float]]
    divisions: tuple[Division, ...] = ()
    shapes: tuple[Shape, ...] = ()
    mediations: Mapping[str, Mediation] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return the analysis as plain values for JSON."""
        c = self.discrimination
        return {
            "estimates": [record for each in self.estimates for record in each.records()],
            "arms": {"treated": _arm(self.table, 1), "untreated": _arm(self.table, 0)},
            "c_statistic": plain(np.mean(c.c_statistic)) if c else None,
            "balance": {name: _mean_rows(each) for name, each in self.balances.items()},
            "effective_sample_size": {
                name: {"treated": plain(sizes[0]), "untreated": plain(sizes[1])}
                for name, sizes in self.effective_sizes.items()
            },
            "e_values": [_e_value(each) for each in self.estimates if each.scale in RATIOS],
            "subgroups": with_multiplicity(list(self.divisions)),
            "splines": [shape.record() for shape in self.shapes],
            "mediation": [mediation_record(name, m) for name, m in self.mediations.items()],
            "missing": self._missing(),
        }

    def _missing(self) -> dict[str, Any]:
        done = self.complete.imputation
        data = self.complete.data
        return {
            "method": self.plan.missing.method,
            "imputations": self.plan.missing.imputations if done else 0,
            "men": int(data.include.shape[-1]),
            "analysed": int(np.min(data.n)),
            "left_out": {why: int(np.max(out)) for why, out in data.reasons.items()},
            "values_missing": dict(self.complete.missing),
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
    whole = complete(columns, plan, where=where)
    work = _Work(plan, whole, where)
    estimates: list[Estimate] = []
    done = 0
    for step, effects in work.run():
        estimates += [_label(each, plan) for each in effects]
        done += 1
        say(done, len(steps), step)
    found: list[list[Any]] = []
    for answers in (divisions(whole, plan), shapes(whole, plan), mediations(whole, plan)):
        found.append([])
        for answer in answers:
            found[-1].append(answer)
            done += 1
            say(done, len(steps), "exploring")
    return Analysis(
        plan=plan,
        estimates=tuple(estimates),
        table=count(whole.observed),
        complete=whole,
        score=work.score,
        discrimination=work.discrimination,
        balances=work.balances,
        effective_sizes=work.sizes,
        divisions=tuple(found[0]),
        shapes=tuple(found[1]),
        mediations=dict(found[2]),
    )


class _Work:
    """The steps of one analysis, and what they leave beside their estimates."""

    __slots__ = ("balances", "data", "discrimination", "plan", "score", "sizes", "where", "whole")

    def __init__(self, plan: Plan, whole: CompleteData, where: str) -> None:
        self.plan, self.whole, self.data, self.where = plan, whole, whole.data, where
        self.score: PropensityScore | None = None
        self.discrimination: Discrimination | None = None
        self.balances: dict[str, Balance] = {}
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
            yield name, [self._pool(adjusted(self.data, covariates, method=name), name)]

    def _estimate(self, method: Method) -> Sequence[Estimate]:
        if method == "adjusted":
            return [adjusted(self.data)]
        if method == "firth":
            return [firth(self.data)]
        if method in _STANDARDISED:
            return standardised(self.data, target=_STANDARDISED[method])
        score = self._score()
        if method == "ps-covariate":
            return [adjusted(self.data, [], score=score.score)]
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
            return [matched(self.data, matches, clustered=False)]
        return iptw(self.data, score, self._weights(_WEIGHTED[method], method))

    def _score(self) -> PropensityScore:
        if self.score is None:
            raise ValueError("no propensity score was estimated")
        return self.score

    def _weights(self, target: Target, method: str, *, stabilised: bool = False) -> Weights:
        w = weights(
            self.data, self._score(), target, stabilised=stabilised, truncate=self.plan.truncate
        )
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
            caliper=choice.caliper,
            on=choice.on,
            exact=choice.exact,
            where=self.where,
        )
        self._keep_balance(method, matches.weights)
        return matches

    def _keep_balance(self, method: str, w: Floats) -> None:
        """Keep what a method balanced; with and without covariates it is the same."""
        if method.removesuffix("-adjusted") not in self.balances:
            self.balances[method] = balance(self.data, w)

    def _pool(self, each: Estimate, method: str) -> Estimate:
        """Name the estimate as the plan does; pool it if there are imputations."""
        named = replace(each, method=method)
        if self.whole.imputation is None:
            return named
        spent = len(self.plan.covariates) + 2
        pooled = pool_estimates(named, df_complete=self.data.n.min() - spent)
        within = each.interval.removeprefix("Wald, ")
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


def _arm(table: TwoByTwo, treated: int) -> dict[str, Any]:
    yes = table.treated_yes if treated else table.untreated_yes
    men = table.treated if treated else table.untreated
    risk = table.risk_treated if treated else table.risk_untreated
    return {"men": int(men), "with_outcome": int(yes), "risk": plain(risk)}


def _mean_rows(found: Balance) -> list[dict[str, Any]]:
    """Return balance per column, averaged over imputations where there are any."""

    def average(values: Floats) -> Floats:
        mean: Floats = values.reshape(-1, values.shape[-1]).mean(0)
        return mean

    return Balance(
        found.names,
        average(found.difference),
        average(found.variance_ratio),
        average(found.distance),
    ).records()


def _e_value(each: Estimate) -> dict[str, Any]:
    strength = e_value(each)
    return {
        "method": each.method,
        "scale": each.scale,
        "point": plain(strength.point),
        "limit": plain(strength.limit),
    }


def _say_nothing(done: int, total: int, doing: str) -> None:
    """Tell nobody."""
