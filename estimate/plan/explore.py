"""Exploratory analyses of a plan: subgroups, and the shape of associations."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats, Ints
from estimate.core.columns import Categorical, Kind
from estimate.core.design_matrix import design_matrix
from estimate.core.result import Z95, Estimate, plain
from estimate.heterogeneity.additive import additive_by_level
from estimate.heterogeneity.subgroups import adjust_p_values, interaction_design, subgroup_effects
from estimate.imputation.complete_data import CompleteData
from estimate.imputation.pooled_tests import d1, likelihood_ratio_test
from estimate.imputation.rubins_rules import pool, pool_estimates
from estimate.plan.choices import Subgroup
from estimate.plan.spec import Plan
from estimate.regression.splines import Curve, fit_spline, harrell_knots, spline_basis
from protocol.errors import InputError

#: Points of a curve, between the 2.5 % and the 97.5 % quantile of the patients observed.
POINTS = 101

#: Distinct values up to which a number divides patients into subgroups without a cut.
FEW_VALUES = 8


@dataclass(frozen=True, slots=True)
class Division:
    """The effect in the groups of one division, and the test of heterogeneity.

    Attributes
    ----------
    patients, events
        (group, arm) counts, arm 0 untreated; means over imputations.
    separate, joint
        Odds ratio of each group from its own model, and from one model with interaction.
    p_value, test
        Of the interaction: likelihood ratio, or D4 after imputation.
    reri
        (group - 1, 3) relative excess risk due to interaction of each group but the first, on odds
        ratios, with its limits by the delta method.
    reri_p Joint test that all of these are 0.
    """

    name: str
    labels: tuple[str, ...]
    patients: Floats
    events: Floats
    separate: tuple[Estimate, ...]
    joint: tuple[Estimate, ...]
    p_value: float
    test: str
    reri: Floats
    reri_p: float

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        groups = [
            {
                "group": label,
                "untreated": {"patients": float(patients[0]), "with_outcome": float(yes[0])},
                "treated": {"patients": float(patients[1]), "with_outcome": float(yes[1])},
                "separate": alone.records()[0],
                "joint": together.records()[0],
                "reri": reri,
            }
            for label, patients, yes, alone, together, reri in zip(
                self.labels, self.patients, self.events, self.separate, self.joint, self._reri(),
                strict=True,
            )
        ]  # fmt: skip
        return {
            "name": self.name,
            "groups": groups,
            "interaction_p": plain(self.p_value),
            "interaction_test": self.test,
            "reri_p": plain(self.reri_p),
        }

    def _reri(self) -> list[dict[str, float | None] | None]:
        """Return RERI of every group, None for the first, which is the reference."""
        names = ("estimate", "conf_low", "conf_high")
        rows = (dict(zip(names, map(plain, row), strict=True)) for row in self.reri)
        return [None, *rows]


@dataclass(frozen=True, slots=True)
class Shape:
    """The association of one number with the outcome: a curve, and the test of linearity."""

    name: str
    knots: Floats
    curve: Curve
    observed: Floats
    nonlinear_p: float
    test: str

    def record(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        curve = self.curve
        return {
            "covariate": self.name,
            "knots": self.knots.tolist(),
            "reference": curve.reference,
            "nonlinear_p": plain(self.nonlinear_p),
            "test": self.test,
            "x": curve.x.tolist(),
            "odds_ratio": _ratios(curve.log_odds_ratio),
            "conf_low": _ratios(curve.conf_low),
            "conf_high": _ratios(curve.conf_high),
        }


def _ratios(logs: Floats) -> list[float | None]:
    """Return exponentials for JSON: None for NaN and overflow."""
    with np.errstate(over="ignore"):
        return [plain(ratio) for ratio in np.exp(logs)]


def divisions(whole: CompleteData, plan: Plan) -> Iterator[Division]:
    """Yield the effect in every planned division, adjusted for all covariates."""
    for name, group in plan.subgroups.items():
        yield _divide(whole, name, *assign(whole.data, group))


def _divide(whole: CompleteData, name: str, group: Ints, labels: tuple[str, ...]) -> Division:
    data = whole.data
    found = subgroup_effects(data, group, labels, profile=whole.imputation is None)
    separate, joint = found.separate, found.joint
    p_value, test = found.interaction.p_value, "likelihood ratio"
    if whole.imputation is not None:
        left = data.n.min() - len(data.kinds) - 2
        separate, joint = (
            tuple(pool_estimates(each, df_complete=left) for each in answers)
            for answers in (separate, joint)
        )
        modifier = np.stack([(group == g) * 1.0 for g in range(1, len(labels))], -1)
        X, tested = interaction_design(data, modifier)
        pooled = likelihood_ratio_test(X, data.outcome, tested, weights=data.weights)
        p_value, test = pooled.p_value, "D4"
    return Division(
        name,
        labels,
        found.patients.reshape(-1, len(labels), 2).mean(0),
        found.events.reshape(-1, len(labels), 2).mean(0),
        separate,
        joint,
        float(p_value),
        test,
        *_reri(whole, group, len(labels)),
    )


def _reri(whole: CompleteData, group: Ints, count: int) -> tuple[Floats, float]:
    found = additive_by_level(whole.data, group, count)
    if whole.imputation is None:
        rows = [(m.estimate, m.conf_low, m.conf_high) for m in (x.reri for x in found.levels)]
        return np.array(rows), float(found.p_value)
    pooled = [pool(m.estimate, m.std_error**2) for m in (x.reri for x in found.levels)]
    rows = [(each.estimate, each.conf_low, each.conf_high) for each in pooled]
    return np.array(rows), float(d1(found.reri, found.cov).p_value)


def shapes(whole: CompleteData, plan: Plan) -> Iterator[Shape]:
    """Yield the planned curves, adjusted for treatment and all other covariates."""
    data = whole.data
    for name in plan.splines:
        raw = whole.columns[name]
        observed = raw[whole.observed.include & ~np.isnan(raw)]
        knots = harrell_knots(observed)
        others = design_matrix(data, [other for other in data.kinds if other != name]).X[..., 1:]
        x = data.covariates[name]
        fit = fit_spline(x, data.outcome, knots=knots, covariates=others, weights=data.weights)
        low, high = np.quantile(observed, [0.025, 0.975])
        curve = fit.curve(np.linspace(low, high, POINTS), float(np.median(observed)))
        # A curve without a finite fit in any imputation is not reported.
        curve = curve if fit.converged.all() else _no_curve(curve)
        p_value, test = fit.likelihood_ratio.nonlinear_p, "likelihood ratio"
        p_value = np.where(fit.converged, p_value, np.nan)
        if whole.imputation is not None:
            curve = _pool_curve(curve)
            basis = spline_basis(x, knots)
            X = np.concatenate([np.ones((*x.shape, 1)), others, basis], axis=-1)
            bent = slice(X.shape[-1] - basis.shape[-1] + 1, X.shape[-1])
            pooled = likelihood_ratio_test(X, data.outcome, bent, weights=data.weights)
            p_value, test = pooled.p_value, "D4"
        yield Shape(name, knots, curve, observed, float(p_value), test)


def _no_curve(curve: Curve) -> Curve:
    nothing = np.full(curve.log_odds_ratio.shape, np.nan)
    return Curve(curve.x, curve.reference, nothing, nothing, nothing, nothing)


def _pool_curve(curve: Curve) -> Curve:
    """Pool a curve (imputation, x) point by point; the reference has no error to pool."""
    value = curve.log_odds_ratio.mean(0)
    m = len(curve.log_odds_ratio)
    between = curve.log_odds_ratio.var(0, ddof=1) * (1 + 1 / m)
    error = np.sqrt((curve.std_error**2).mean(0) + between)
    return Curve(curve.x, curve.reference, value, error, value - Z95 * error, value + Z95 * error)


def with_multiplicity(found: list[Division]) -> list[dict[str, Any]]:
    """Return records of all divisions, each with its p-value adjusted for their number."""
    p_values = np.array([each.p_value for each in found])
    holm, bh = (adjust_p_values(p_values, way) for way in ("Holm", "Benjamini-Hochberg"))
    return [
        {**each.record(), "interaction_p_holm": plain(h), "interaction_p_fdr": plain(b)}
        for each, h, b in zip(found, holm, bh, strict=True)
    ]


def assign(data: AnalysisSet, group: Subgroup) -> tuple[Ints, tuple[str, ...]]:
    """Return each patient's group, (..., n) from 0, and the groups' labels."""
    values, kind = data.covariates[group.by], data.kinds[group.by]
    if not isinstance(kind, Categorical) and group.cut is None:
        return _by_value(data, group.by)
    labels = group_labels(group, kind)
    if isinstance(kind, Categorical):
        sets = group.groups or {level: (level,) for level in kind.levels}
        place = {level: index for index, levels in enumerate(sets.values()) for level in levels}
        lookup = np.array([place[level] for level in kind.levels])
        return lookup[values.astype(int)], labels
    upper = values > group.at if group.lower_holds_it else values >= group.at
    return upper.astype(int), labels


def _by_value(data: AnalysisSet, name: str) -> tuple[Ints, tuple[str, ...]]:
    """Divide by the values of a number that has few of them."""
    values = data.covariates[name]
    found = np.unique(values[data.include])
    if len(found) > FEW_VALUES:
        problem = f"{name} holds {len(found)} distinct numbers"
        raise InputError.of("subgroups", name, problem, 'give a cut, for example "< 35"')
    group = np.searchsorted(found, values).clip(0, len(found) - 1)
    return group, tuple(f"{name} = {value:g}" for value in found)


def group_labels(group: Subgroup, kind: Kind) -> tuple[str, ...]:
    """Return the names of a division's groups, in their order.

    >>> from estimate.core.columns import Numeric
    >>> group_labels(Subgroup(by="age_years", cut="> 35"), Numeric())
    ('age_years ≤ 35', 'age_years > 35')
    """
    if isinstance(kind, Categorical):
        return tuple(group.groups or kind.levels)
    signs = "≤>" if group.lower_holds_it else "<≥"
    return tuple(f"{group.by} {sign} {group.at:g}" for sign in signs)
