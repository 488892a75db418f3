"""Apply an analysis plan to one table of patients."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from estimate.causal.balance import Balance, Ruler, balance
from estimate.causal.propensity import (
    Discrimination,
    PropensityScore,
    Weights,
    c_statistic,
    propensity,
    trim,
)
from estimate.comparison.contingency import count
from estimate.core.analysis_set import AnalysisSet
from estimate.core.estimand import IntercurrentEvent
from estimate.core.result import Estimate
from estimate.imputation.complete_data import CompleteData
from estimate.imputation.rubins_rules import missing_information, pool_estimates
from estimate.longitudinal.strategies import StrategyFindings, compare_strategies
from estimate.methods.method import Method
from estimate.methods.registry import METHODS
from estimate.methods.run_method import run_method
from estimate.methods.shared_work import Work
from estimate.multivalued_treatment.comparisons import SEVERAL, balance_of_arms
from estimate.multivalued_treatment.generalised_score import SeveralTarget
from estimate.outcomes.adjusted_models import adjusted_model
from estimate.outcomes.registry import run_outcome
from estimate.plan.changes import changes
from estimate.plan.explore import divisions, shapes
from estimate.plan.findings import Analysis
from estimate.plan.live_birth import live_births
from estimate.plan.missing_data import complete
from estimate.plan.pathways import mediated, pathways
from estimate.plan.remarks import cautions, remarks
from estimate.plan.spec import Plan
from estimate.prediction.planned_models import ValidatedModel, validated_models
from estimate.regression.adjustment import adjusted
from protocol.errors import InputError

Tell = Callable[[int, int, str], None]

#: What is explored of 0/1 outcomes.
_QUESTIONS: tuple[Callable[..., Iterator[Any]], ...] = (divisions, shapes, pathways)


def analyse(
    columns: Any,
    plan: Plan,
    *,
    where: str = "data",
    tell: Tell | None = None,
    visits: Any = None,
    injections: Any = None,
) -> Analysis:
    """Apply ``plan`` to one table.

    Parameters
    ----------
    columns
        Names to columns, or a DataFrame.
    where
        File or table, for messages.
    tell
        Called with steps done, total steps and the next step.
    visits, injections
        Tables for the comparison of the plan's strategies.

    Raises
    ------
    InputError
        All faults of the table together.

    Examples
    --------
    >>> sperm = [1] * 115 + [0] * 253 + [1] * 34 + [0] * 140
    >>> patients = {"therapy": [1] * 368 + [0] * 174, "y": sperm}
    >>> found = analyse(patients, Plan(treatment="therapy", outcome="y", methods=("unadjusted",)))
    >>> for each in found.estimates:
    ...     print(f"{each.scale}: {each.estimate:.3f}, p = {each.p_value:.4f}")
    risk difference: 0.117, p = 0.0044
    risk ratio: 1.599, p = 0.0064
    odds ratio: 1.872, p = 0.0036
    """
    steps = [*plan.methods, *plan.models, *plan.subgroups, *plan.splines, *plan.mediation]
    say = tell or _say_nothing
    say(0, len(steps), "imputing" if plan.missing.method == "mice" else "reading")
    whole = _trim(complete(columns, plan, where=where), plan, where)
    work = _Steps(plan, whole, where)
    estimates: list[Estimate] = []
    done = 0
    for step, effects in work.run():
        estimates += [_label(each, plan) for each in effects]
        done += 1
        say(done, len(steps), step)
    found: list[list[Any]] = []
    for question in _QUESTIONS:
        found.append([])
        for answer in question(whole, plan) if whole.data.outcome_kind == "binary" else ():
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
        pathways=(*found[2], *mediated(columns, whole, plan, where)),
        live_births=tuple(live_births(columns, plan, where)),
        changes=tuple(changes(columns, plan, where)),
        strategies=_strategies(columns, plan, visits, injections),
        predictions=_predictions(columns, plan, whole, where),
        information=tuple(work.information),
        remarks=_remarks(whole.data, work.score, estimates),
        cautions=cautions(columns, whole, plan, work.balances),
    )


def _predictions(
    columns: Any, plan: Plan, whole: CompleteData, where: str
) -> tuple[ValidatedModel, ...]:
    """Validate the plan's prediction models, if it has any."""
    if not plan.predictions:
        return ()
    if whole.data.outcome_kind != "binary" or plan.outcome.trials is not None:
        cure = "leave `predictions` out: models of other outcomes are not validated"
        raise InputError.of("predictions", "", "they are validated for a 0/1 outcome", cure)
    include = whole.observed.include
    return tuple(validated_models(columns, plan.predictions, plan.outcome.name, include, where))


def _strategies(columns: Any, plan: Plan, visits: Any, injections: Any) -> StrategyFindings | None:
    """Compare the plan's strategies, if it has any."""
    if plan.strategies is None:
        return None
    if visits is None or injections is None:
        cure = "give the tables of visits and injections"
        raise InputError.of("strategies", "", "they need tables that are not given", cure)
    return compare_strategies(
        columns, visits, injections, plan.strategies, outcome=plan.outcome.name,
        baseline=plan.kinds, samples=plan.bootstrap_samples, seed=plan.seed,
    )  # fmt: skip


def _remarks(
    data: AnalysisSet, score: PropensityScore | None, estimates: Sequence[Estimate]
) -> tuple[str, ...]:
    """Explain missing estimates."""
    if all(each.converged for each in estimates):
        return ()
    return remarks(data, score)


def _trim(whole: CompleteData, plan: Plan, where: str) -> CompleteData:
    """Exclude patients with extreme propensity scores, if planned; refit in the rest."""
    if plan.trim_percent is None:
        return whole
    low, high = plan.trim_percent
    score = propensity(whole.data, plan.propensity)
    data = trim(whole.data, score, low / 100, high / 100)
    if not data.n.all():
        problem = f"no patient's propensity score lies from {low:g} to {high:g} %"
        raise InputError.of(where, "trim_percent", problem, "widen it, or see the overlap figure")
    return replace(whole, data=data)


#: Standard deviation in the denominator of differences, if it is not that of both arms.
RULERS: dict[str, Ruler] = {"att": "treated", "atc": "untreated"}


class _Steps:
    """The steps of one analysis, and their results other than estimates."""

    __slots__ = (
        "balances", "data", "discrimination", "information", "plan", "score", "shared", "sizes",
    )  # fmt: skip

    def __init__(self, plan: Plan, whole: CompleteData, where: str) -> None:
        self.plan, self.data = plan, whole.data
        self.discrimination: Discrimination | None = None
        self.balances: dict[str, Balance] = {}
        self.information: list[tuple[str, str, float]] = []
        self.sizes: dict[str, tuple[float, float]] = {}
        self.shared = Work(
            whole.data,
            observed=whole.observed,
            choices=plan.choices,
            pooled=whole.imputation is not None,
            where=where,
        )
        self.score: PropensityScore | None = None
        if self.data.levels:
            if plan.covariates:
                self.balances.update(balance_of_arms(self.data, plan.choices, None))
            return
        if any(METHODS[name].uses_score for name in plan.methods):
            self.score = self.shared.score
            self.discrimination = c_statistic(
                self.score.score, self.data.treatment, self.data.include
            )
        if plan.covariates:
            self.balances["unadjusted"] = balance(self.data, self.data.weights)

    def run(self) -> Iterator[tuple[str, Sequence[Estimate]]]:
        """Yield the name and the estimates of each step of the plan."""
        if self.data.levels:
            yield from self._several_arms()
            return
        for name in self.plan.methods:
            method = METHODS[name]
            found = [_named(each, name) for each in self._answers(method)]
            self._keep_balance(method)
            yield name, [self._pool(each) for each in found] if method.needs else found
        for name, covariates in self.plan.models.items():
            if self.data.outcome_kind != "binary":
                models = adjusted_model(self.data, covariates, name)
            else:
                profile = not self.shared.pooled
                models = [adjusted(self.data, covariates, method=name, profile=profile)]
            yield name, [self._pool(each) for each in models]

    def _several_arms(self) -> Iterator[tuple[str, Sequence[Estimate]]]:
        """Yield the comparisons of three arms or more with the reference."""
        for name in self.plan.methods:
            unadjusted = name == "unadjusted"
            data = self.shared.observed if unadjusted else self.data
            found = SEVERAL[data.outcome_kind][name](data, self.plan.choices)
            yield name, found if unadjusted else [self._pool(each) for each in found]
            for target in get_args(SeveralTarget):
                if name == f"iptw-{target}":
                    reached = balance_of_arms(self.data, self.plan.choices, target)
                    self.balances.update(reached)

    def _answers(self, method: Method) -> Sequence[Estimate]:
        """Run a method on an outcome of any kind."""
        if self.data.outcome_kind == "binary":
            return run_method(method, self.shared)
        return run_outcome(self.shared, method.name, self.plan.outcome.horizon)

    def _keep_balance(self, method: Method) -> None:
        """Store the balance of a method; methods with the same weights or pairs share it."""
        if method.weighting is None:
            return
        found = method.weighting(self.shared)
        if isinstance(found, Weights):
            treated, untreated = found.effective_size(self.data)
            self.sizes[method.name] = (float(np.mean(treated)), float(np.mean(untreated)))
        if (method.balanced_as or method.name) not in self.balances:
            w = found.value if isinstance(found, Weights) else found.weights
            self.balances[method.name] = balance(
                self.data, w, ruler=RULERS.get(method.target, "pooled")
            )

    def _pool(self, each: Estimate) -> Estimate:
        """Pool the estimate if there are imputations."""
        if not self.shared.pooled:
            return each
        spent = len(self.plan.covariates) + max(2, len(self.data.levels))
        left = int(self.data.n.min()) - spent
        if self.data.df is not None:  # the units of the design, less its strata
            left = min(left, int(self.data.df.min()))
        pooled = pool_estimates(each, df_complete=left)
        fraction = float(missing_information(each, df_complete=left))
        self.information.append((each.method, each.scale, fraction))
        within = each.interval.removeprefix("Wald, ")
        # the standard error is pooled, not the profile
        for kind in ("profile likelihood", "exact (binomial)"):
            within = within.replace(kind, "model-based errors")
        return replace(pooled, interval=f"{pooled.interval} ({within})")


def _named(each: Estimate, method: str) -> Estimate:
    """Return an estimate under the name of its method; a visit stays part of it."""
    return each if each.method.startswith(f"{method}: ") else replace(each, method=method)


def _label(each: Estimate, plan: Plan) -> Estimate:
    """Add the plan's population and intercurrent events to the estimand."""
    events = tuple(IntercurrentEvent(e.event, e.strategy) for e in plan.intercurrent)
    estimand = replace(each.estimand, intercurrent=events)
    if plan.population:
        estimand = estimand.among(f"{estimand.population}: {plan.population}")
    return replace(each, estimand=estimand)


def _say_nothing(done: int, total: int, doing: str) -> None:
    """Do nothing."""
