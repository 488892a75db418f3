"""Tables of an analysis as text: estimates, Table 1, balance, and the propensity model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from estimate.causal.weighting import weights
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.columns import Categorical, Numeric
from estimate.core.result import Z95
from estimate.description.table1 import TableOne, table_one
from estimate.plan.explore import Division
from estimate.plan.findings import Analysis
from pretese.analysis.journal_style import PLAIN, JournalStyle, effect


def arm_words(outcome: str, arm: Mapping[str, Any]) -> str:
    """Return the outcome of an arm in words: events among patients, or a mean."""
    if "mean" in arm:
        return f"{outcome} {arm['mean']:.4g} (SD {arm['sd']:.3g}) in {arm['patients']}"
    risk = "" if arm["risk"] is None else f" ({100 * arm['risk']:.1f} %)"
    return f"{outcome}: {arm['with_outcome']} of {arm['patients']}{risk}"


def arms_lines(found: Analysis, document: Mapping[str, Any]) -> list[str]:
    """Return one line per arm: its name in the data, and its outcome."""
    plan = found.plan
    codes = {} if plan.treatment_levels else {"treated": 1, "untreated": 0}
    return [
        f"{plan.treatment} = {codes.get(value, value)}: {arm_words(plan.outcome.name, arm)}"
        for value, arm in document["arms"].items()
    ]


def characteristics_table(found: Analysis, style: JournalStyle = PLAIN) -> pd.DataFrame:
    """Return Table 1: observed covariates by treatment, with counts of missing values."""
    return characteristics(found).frame(style.p_value)


def characteristics(found: Analysis) -> TableOne:
    """Return Table 1 with full digits."""
    return _describe(found, found.complete.observed, None)


def weighted_table(found: Analysis) -> pd.DataFrame | None:
    """Return Table 1 of the patients weighted by inverse probability (stabilised), without tests.

    None without the method `iptw-ate`, and after imputation: weights then differ between copies.
    """
    if found.score is None or found.complete.imputation is not None:
        return None
    data = found.complete.data
    value = weights(data, found.score, "ate", stabilised=True).value[data.include]
    if "iptw-ate" not in found.plan.methods or not np.isfinite(value).all():
        return None
    return _describe(found, data, value).frame().drop(columns=["p", "test"])


def _describe(found: Analysis, data: AnalysisSet, weighted: Floats | None) -> TableOne:
    raw, columns, here = found.complete.columns, {}, data.include
    for name, kind in found.plan.kinds.items():
        values = raw[name][here]
        if isinstance(kind, Categorical):
            levels = np.array([*kind.levels, None], object)
            columns[name] = levels[np.where(np.isnan(values), -1, values).astype(int)]
        else:
            columns[name] = values
    name = found.plan.treatment
    arm: Any = np.where(data.treatment[here] > 0, "= 1", "= 0")
    if data.levels:
        named = np.array(data.levels, object)[data.treatment[here].astype(int)]
        arm = pd.Categorical(named, categories=list(data.levels), ordered=True)
    patients = pd.DataFrame({**columns, name: arm})
    return table_one(patients, name, found.plan.kinds, weights=weighted, means=found.plan.mean_sd)


def subgroups_table(found: Analysis, style: JournalStyle = PLAIN) -> pd.DataFrame:
    """Return one line per group: patients, odds ratio, and tests of the division."""
    lines = []
    records = found.record()["subgroups"]
    for division, record in zip(found.divisions, records, strict=True):
        for index, (label, answer) in enumerate(
            zip(division.labels, division.separate, strict=True)
        ):
            counts = [
                f"{yes:.0f}/{n:.0f}"
                for n, yes in zip(division.patients[index], division.events[index], strict=True)
            ]
            first = index == 0
            lines.append(
                {
                    "division": division.name if first else "",
                    "group": label,
                    "untreated": counts[0],
                    "treated": counts[1],
                    "odds ratio (95 % CI)": effect(answer, style),
                    "p for interaction": style.p_value(division.p_value) if first else "",
                    "p, Holm": style.p_value(record["interaction_p_holm"]) if first else "",
                    "RERI (95 % CI)": "" if first else _reri(division, index - 1, style),
                }
            )
    return pd.DataFrame(lines)


def subgroup_rows(divisions: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield one row of numbers per group, from the records of the divisions."""
    for division in divisions:
        for group in division["groups"]:
            alone, reri = group["separate"], group["reri"] or {}
            yield {
                "division": division["name"],
                "group": group["group"],
                **{
                    f"{arm}_{name}": count
                    for arm in ("untreated", "treated")
                    for name, count in group[arm].items()
                },
                **{name: alone[name] for name in _OF_GROUP},
                "interaction_p": division["interaction_p"],
                "interaction_p_holm": division["interaction_p_holm"],
                "interaction_p_fdr": division["interaction_p_fdr"],
                **{
                    f"reri_{name}": reri.get(name) for name in ("estimate", "conf_low", "conf_high")
                },
            }


#: Fields of the odds ratio of a subgroup.
_OF_GROUP = ("estimate", "std_error", "p_value", "conf_low", "conf_high", "n")


_OF_RERI = ("estimate", "conf_low", "conf_high")


def _reri(division: Division, row: int, style: JournalStyle) -> str:
    value, low, high = division.reri[row]
    limits = style.interval(f"{low:z.2f}", f"{high:z.2f}")
    return "" if np.isnan(value) else f"{value:z.2f} ({limits})"


def balance_table(found: Analysis) -> pd.DataFrame:
    """Return standardised mean differences: one line per covariate, one column per method."""
    record = found.record()["balance"]
    lines: dict[str, dict[str, str]] = {}
    for method, rows in record.items():
        for row in rows:
            value = row["difference"]
            lines.setdefault(row["covariate"], {})[method] = (
                "" if value is None else f"{value:+z.3f}"
            )
    return pd.DataFrame([{"covariate": name, **cells} for name, cells in lines.items()])


def score_odds_ratios(found: Analysis) -> pd.DataFrame:
    """Return odds ratios of treatment (Wald intervals); averaged over imputations if any.

    Numeric covariates other than 0/1 are per standard deviation, which is part of their name. NaN
    if a model has no finite fit.
    """
    if found.score is None:
        return pd.DataFrame(columns=["covariate", "odds_ratio", "low", "high"])
    fit, names = found.score.fit, found.score.design.names
    coef = np.where(fit.converged[..., None], fit.coef, np.nan).reshape(-1, len(names))
    variance = np.einsum("...ii->...i", fit.cov).reshape(-1, len(names))
    between = coef.var(0, ddof=1) * (1 + 1 / len(coef)) if len(coef) > 1 else 0.0
    error = np.sqrt(variance.mean(0) + between)
    middle = coef.mean(0)
    units = _units(found, names)
    middle, error = middle * [size for size, _ in units], error * [size for size, _ in units]
    return pd.DataFrame(
        {
            "covariate": [f"{name}{words}" for name, (_, words) in zip(names, units, strict=True)][
                1:
            ],
            "odds_ratio": np.exp(middle)[1:],
            "low": np.exp(middle - Z95 * error)[1:],
            "high": np.exp(middle + Z95 * error)[1:],
        }
    )


def _units(found: Analysis, names: Sequence[str]) -> list[tuple[float, str]]:
    """Return the unit of each column of the propensity model, and its suffix in names."""
    data, units = found.complete.data, []
    for name in names:
        if not isinstance(data.kinds.get(name), Numeric):
            units.append((1.0, ""))
            continue
        values = data.covariates[name][data.include]
        sd = float(values.std(ddof=1))
        plain_unit = np.isin(values, (0, 1)).all() or not sd > 0
        units.append((1.0, "") if plain_unit else (sd, f", per SD {sd:.3g}"))
    return units


def scores_by_arm(found: Analysis) -> tuple[Floats, Floats]:
    """Return propensity scores of treated and untreated patients, averaged over imputations."""
    if found.score is None:
        return np.empty(0), np.empty(0)
    data: AnalysisSet = found.complete.data
    n = data.include.shape[-1]
    score = found.score.score.reshape(-1, n).mean(0)
    here, treated = (a.reshape(-1, n)[0] for a in (data.include, data.treatment > 0))
    return score[here & treated], score[here & ~treated]
