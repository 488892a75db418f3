"""Rows of the tables of a Bayesian design, shared by the console and the page."""

from collections.abc import Sequence
from typing import Any

from estimate.bayesian.decision_rules import OUTCOMES
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.trial_parts import bayesian_parts, limit_words
from pretese.trial.views.measure_words import cell

Rows = list[list[str]]

#: Heads of `outcome_rows`.
OUTCOME_HEADS = (
    "effect,\n%", "treated\nrisk, %", "success", "futility", "harm", "incon-\nclusive",
    "partici-\npants", "months", "mean\nest.",
)  # fmt: skip

#: Heads of `control_risk_rows`; without borrowing from earlier studies only the first.
CONTROL_RISK_HEADS = (
    "control\nrisk, %", "shift,\npoints", "type I\nerror, %", "power,\n%",
    "type I error,\nnot borrowed", "power, not\nborrowed", "weight of\nhistory, %",
)  # fmt: skip


def percent(measure: dict[str, Any] | None) -> str:
    """Return a probability in percent, with its MCSE if it was simulated."""
    if measure is None or measure["value"] is None:
        return "-"
    if measure["mcse"] is None:
        return f"{100 * measure['value']:.2f}"
    return cell(measure, share=True, counted=True)


def outcome_heads(size: dict[str, Any]) -> tuple[str, ...]:
    """Return the heads of `outcome_rows`: simulated trials have no mean estimate."""
    exact = size["effects"][0]["posterior_mean_difference"] is not None
    return OUTCOME_HEADS if exact else OUTCOME_HEADS[:-1]


def outcome_rows(size: dict[str, Any]) -> Rows:
    """Return one row per true effect: probability of each outcome, size, estimate."""
    rows = []
    for row in size["effects"]:
        estimate = row["posterior_mean_difference"]
        mean = [] if estimate is None else [f"{100 * estimate['value']:z.1f}"]
        rows.append([
            f"{row['effect_percent']:g}",
            _risk(row, "risk_treated"),
            *(percent(row["outcome"][name]) for name in OUTCOMES),
            participants(row["expected_participants"]),
            "-" if row["expected_months"] is None else participants(row["expected_months"]),
            *mean,
        ])  # fmt: skip
    return rows


def _risk(row: dict[str, Any], name: str) -> str:
    """Return a true risk in percent, with its MCSE if it was simulated."""
    error = row[f"{name}_mcse"]
    if error is None:
        return f"{100 * row[name]:.1f}"
    return cell({"value": row[name], "mcse": error}, share=True)


def participants(measure: dict[str, Any]) -> str:
    """Return a number of participants, with its MCSE if it was simulated."""
    return f"{measure['value']:.1f}" if measure["mcse"] is None else cell(measure)


def count_decision_rows(size: dict[str, Any]) -> Rows:
    """Return one row per analysis and number of control events: the decisions."""
    return [
        [
            str(k + 1), str(each["treated"]), str(each["control"]), str(row["control_events"]),
            _from(row["success_from"]), _up_to(row["futility_up_to"]), _up_to(row["harm_up_to"]),
        ]
        for k, each in enumerate(size["analyses"])
        for row in each["decisions"]
    ]  # fmt: skip


#: Heads of `count_decision_rows`.
DECISION_HEADS = (
    "analysis", "treated", "control", "control\nevents", "success from\ntreated events",
    "futility\nup to", "harm\nup to",
)  # fmt: skip


def _from(events: int | None) -> str:
    return "never" if events is None else str(events)


def _up_to(events: int | None) -> str:
    return "-" if events is None else str(events)


def average_rows(size: dict[str, Any]) -> Rows:
    """Return the operating characteristics averaged over the prior; empty if there are none."""
    found = size["averaged"]
    if found is None:
        return []
    return [
        ["probability of success (assurance), %", percent(found["outcome"]["success"])],
        ["probability of futility, %", percent(found["outcome"]["futility"])],
        ["probability of harm shown, %", percent(found["outcome"]["harm"])],
        ["probability of no conclusion, %", percent(found["outcome"]["inconclusive"])],
        ["expected participants", participants(found["expected_participants"])],
        ["probability that the effect exceeds the limit, %", percent(found["effective"])],
        ["average power: success if it does, %", percent(found["success_given_effective"])],
        ["average type I error: success if it does not, %",
         percent(found["success_given_not_effective"])],
        ["misleading: it does not, although success, %", percent(found["misleading_success"])],
        ["missed: it does, although no success, %", percent(found["missed_effect"])],
    ]  # fmt: skip


def control_risk_rows(size: dict[str, Any]) -> Rows:
    """Return one row per control risk: type I error and power, with and without borrowing."""
    borrowed = borrows(size)
    weighed = any(row["informative_weight"] is not None for row in size["by_control_risk"])
    rows = []
    for row in size["by_control_risk"]:
        cells = [
            f"{100 * row['risk_control']:.1f}", f"{row['points']:+g}",
            f"{100 * row['type_i_error']:.2f}", f"{100 * row['power']:.1f}",
        ]  # fmt: skip
        if borrowed:
            cells += [f"{100 * row['type_i_error_not_borrowed']:.2f}",
                      f"{100 * row['power_not_borrowed']:.1f}"]  # fmt: skip
        if weighed:
            cells.append(f"{100 * row['informative_weight']:.1f}")
        rows.append(cells)
    return rows


def control_risk_heads(size: dict[str, Any]) -> tuple[str, ...]:
    """Return the heads of `control_risk_rows`."""
    weighed = any(row["informative_weight"] is not None for row in size["by_control_risk"])
    return (
        *CONTROL_RISK_HEADS[: 6 if borrows(size) else 4],
        *(CONTROL_RISK_HEADS[6:] if weighed else ()),
    )


def borrows(size: dict[str, Any]) -> bool:
    """Return whether the prior of the control risk is compared with none."""
    return any(row["type_i_error_not_borrowed"] is not None for row in size["by_control_risk"])


def prior_words(document: dict[str, Any]) -> list[str]:
    """Return priors as sentences."""
    priors = document["priors"]
    words = [] if document["scenario"] is None else [
        f"Participants of the scenario {document['scenario']} were simulated."
    ]  # fmt: skip
    words.append(f"Prior of the control risk: {_risk_words(priors['control'])}.")
    if priors["treated"] is not None:
        words.append(f"Prior of the risk under treatment: {_risk_words(priors['treated'])}.")
    if priors["effect"] is not None:
        effect = priors["effect"]
        words.append(
            f"Prior of the {effect['scale']}: mean {effect['mean']:.3g}, SD {effect['sd']:.3g}; "
            f"no effect {100 * effect['no_effect']:.3g} %, harm {100 * effect['harm']:.3g} %."
        )
    return words


def _risk_words(prior: dict[str, Any]) -> str:
    parts = prior["components"]
    mixture = " + ".join(
        f"{each['weight']:.2f} Beta({each['alpha']:.4g}, {each['beta']:.4g})" for each in parts
    )
    if len(parts) == 1:
        mixture = f"Beta({parts[0]['alpha']:.4g}, {parts[0]['beta']:.4g})"
    size = prior["effective_sample_size"]
    elir = "not defined" if size["elir"] is None else f"{size['elir']:.1f}"
    words = (
        f"{mixture}; mean {100 * prior['mean']:.1f} %, effective sample size {elir} "
        f"(ELIR), {size['moment']:.1f} (moments)"
    )
    if prior["studies"]:
        words += f"; predicted from {', '.join(prior['studies'])}"
    return words


def stated_rules(design: BayesianDesign) -> list[str]:
    """Return the decision rules of a design as sentences, before anything is calibrated."""
    rules, stated = bayesian_parts(design).rules, design.bayes.success
    shown: dict[str, Any] = {"calibrated": None, "futility_predictive": rules.predictive}
    for name in ("success", "harm", "futility"):
        rule = getattr(rules, name)
        shown[name] = rule and {
            "threshold": limit_words(rule.threshold), "probability": list(rule.probability)
        }  # fmt: skip
    words = rule_words({"rules": shown})
    if stated.max_type_i_error_percent is not None:
        words[0] = (
            f"Success: P(effect > {shown['success']['threshold']}) above the smallest probability "
            f"with a type I error of at most {stated.max_type_i_error_percent:g} %."
        )
    return words


def rule_words(size: dict[str, Any]) -> list[str]:
    """Return the decision rules as sentences."""
    rules = size["rules"]
    words = [
        f"Success: P(effect > {rules['success']['threshold']}) above "
        f"{_probabilities(rules['success']['probability'])}."
    ]
    if rules["calibrated"]:
        found = rules["calibrated"]
        words[0] = words[0][:-1] + (
            f", calibrated: largest type I error {100 * found['type_i_error']:.3f} %, at a control "
            f"risk of {100 * found['control_risk']:g} %."
        )
    if rules["harm"]:
        words.append(
            f"Harm: P(effect < {rules['harm']['threshold']}) above "
            f"{_probabilities(rules['harm']['probability'])}."
        )
    if rules["futility"]:
        words.append(
            f"Futility: P(effect > {rules['futility']['threshold']}) below "
            f"{_probabilities(rules['futility']['probability'])}."
        )
    if rules["futility_predictive"]:
        words.append(
            "Futility: predictive probability of success at the final analysis below "
            f"{_probabilities(rules['futility_predictive'])}."
        )
    return words


def _probabilities(values: Sequence[float]) -> str:
    same = len(set(values)) == 1
    return ", ".join(f"{100 * each:g}" for each in (values[:1] if same else values)) + " %"


def required_size_words(found: dict[str, Any]) -> str:
    """Return the required sample size as a sentence."""
    wanted = f"{100 * found['target_power']:g} %"
    if found["participants"] is None:
        return f"No sample size up to 20,000 has a power of {wanted}."
    return (
        f"Required sample size for a power of {wanted}: {found['participants']} participants in "
        "total (bisected; power rises in steps)."
    )
