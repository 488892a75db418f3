"""Interim data of an ongoing Bayesian trial, judged by the rules of its design."""

from dataclasses import replace
from typing import Any

import numpy as np

from estimate.bayesian.count_tables import EffectThreshold, JointPrior, difference_quantiles
from estimate.bayesian.decision_rules import (
    OUTCOMES,
    SUCCESS,
    DecisionRules,
    decide_all,
    posterior_tables,
)
from estimate.bayesian.simulated_trials import decisions_at
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.trial_parts import bayesian_parts
from pretese.trial.bayesian.results.document import describe_bayesian, rules_document
from pretese.trial.bayesian.trial_engine import engine_at, tabulated
from pretese.trial.monitoring.interim_data import InterimData
from protocol.errors import InputError

#: Version of the JSON document.
BAYESIAN_MONITOR_SCHEMA = "pretese/bayesian-monitor/1"

#: Posterior probability of the interval of the effect.
INTERVAL = 0.95


def bayesian_monitor_document(
    design: BayesianDesign, interim: InterimData, *, final: bool = False
) -> dict[str, Any]:
    """Return posterior, predictive probability and decision of each analysis as plain values.

    Parameters
    ----------
    final
        The last row is the final analysis although more were planned.

    Raises
    ------
    InputError
        The data are estimates, or there are more analyses than planned.
    """
    if interim.events is None or interim.participants is None:
        cure = "give control_events, control_participants, treated_events, treated_participants"
        raise InputError.of(interim.where, "", "a Bayesian design needs counts", cure)
    planned = len(design.bayes.analyses_percent)
    if interim.analyses > planned:
        problem = f"{interim.analyses} analyses came, and {planned} were planned"
        raise InputError.of(interim.where, "", problem, "remove rows, or correct the design")
    parts = bayesian_parts(design)
    engine = engine_at(design, parts, design.participants, 1000, 1)
    rows: list[dict[str, Any]] = []
    for k in range(interim.analyses):
        (xc, xt), (nc, nt) = interim.events[k].tolist(), interim.participants[k].tolist()
        last = (final and k + 1 == interim.analyses) or k + 1 == planned
        counts = ((int(nt), int(nc)), (int(xt), int(xc)))
        row = _row(parts.prior, engine.rules, engine.sizes[-1], counts, k, last=last)
        rows.append({"analysis": k + 1, "row": interim.rows[k], **row})
        if row["decision"] != "continue":
            break
    return {
        "schema": BAYESIAN_MONITOR_SCHEMA,
        **describe_bayesian(design, parts),
        "planned_participants": [sum(size) for size in engine.sizes],
        "rules": rules_document(engine),
        "analyses": rows,
        "stopped": rows[-1]["decision"] != "continue",
        "rows_after_stop": interim.analyses - len(rows),
    }


def _row(
    prior: JointPrior, rules: DecisionRules, final: tuple[int, int],
    counts: tuple[tuple[int, int], tuple[int, int]], k: int, *, last: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return one analysis; counts are participants, then events, of the treated arm first."""
    size, events = counts

    def above(threshold: EffectThreshold) -> float:
        pair = [np.array([each]) for each in events]
        return float(prior.above_pairs(size, threshold, *pair)[0])

    predictive, code = _predictive_and_code(prior, rules, final, counts, k, last=last)
    limits = list(rules.thresholds)
    ends = (0.5, (1 - INTERVAL) / 2, (1 + INTERVAL) / 2)
    median, low, high = difference_quantiles(prior, size, events, ends)
    return {
        "treated_participants": size[0],
        "treated_events": events[0],
        "control_participants": size[1],
        "control_events": events[1],
        "final": last,
        "probability_of_effect": above(limits[0]),
        "probability_of_harm": None if rules.harm is None else 1 - above(limits[1]),
        "predictive_success": predictive,
        "median_difference": median,
        "difference_low": low,
        "difference_high": high,
        "decision": "continue" if code == 0 else OUTCOMES[code - 1],
    }


def _predictive_and_code(
    prior: JointPrior, rules: DecisionRules, final: tuple[int, int],
    counts: tuple[tuple[int, int], tuple[int, int]], k: int, *, last: bool,
) -> tuple[float | None, int]:  # fmt: skip
    """Return the predictive probability of success at the final analysis, and the decision."""
    size, events = counts
    if last:
        rules = _last_rules(rules, k)
        code = int(decisions_at(prior, rules, size, np.array(events)[:, None], 0, last=True)[0])
        return float(code == SUCCESS), code
    rest = [b - a for a, b in zip(size, final, strict=True)]
    if min(rest) < 1 or not tabulated(prior, [final]):
        if rules.predictive is not None:
            problem = f"{size[0]} and {size[1]} participants leave nobody for the final analysis"
            cure = "correct the counts, or call this analysis the final one"
            raise InputError.of("interim data", "participants", problem, cure)
        code = int(decisions_at(prior, rules, size, np.array(events)[:, None], k, last=False)[0])
        return None, code
    two = _two_analyses(rules, k)
    tables = posterior_tables(prior, two, [size, final])
    now = decide_all(two, [size, final], tables)[0]
    return float(now.predictive[events]), int(now.decision[events])


def _two_analyses(rules: DecisionRules, k: int) -> DecisionRules:
    """Return the rules of this analysis and of the final one."""
    keep = (k, -1)
    return _chosen(rules, keep, (k,))


def _last_rules(rules: DecisionRules, k: int) -> DecisionRules:
    """Return the rules of the final analysis: there is no futility."""
    return _chosen(rules, (-1,), ())


def _chosen(
    rules: DecisionRules, every: tuple[int, ...], interim: tuple[int, ...]
) -> DecisionRules:
    success = rules.success.probability
    harm, futility = rules.harm, rules.futility
    return DecisionRules(
        replace(rules.success, probability=tuple(success[i] for i in every)),
        harm and replace(harm, probability=tuple(harm.probability[i] for i in every)),
        futility and replace(
            futility, probability=tuple(futility.probability[i] for i in interim)),
        rules.predictive and tuple(rules.predictive[i] for i in interim),
    )  # fmt: skip
