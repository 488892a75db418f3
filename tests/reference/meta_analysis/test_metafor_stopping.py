"""Where metafor stops early, our value solves the estimating equation and metafor's does not.

With its own stopping rules metafor leaves tau squared in the fifth digit, and on the scale of risk
differences, whose variances differ a thousandfold, in the third. Each value that differs from ours
by more than 1e-6 is named here and judged by the residual of the equation that defines it.
"""

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import chi2, norm

from estimate.meta_analysis.pooling import pool_effects
from estimate.meta_analysis.small_study_effects import egger_test, leave_one_out
from estimate.meta_analysis.study_effects import effects_from_counts

SCALES = {"OR": "odds ratio", "RR": "risk ratio", "RD": "risk difference", "empty_OR": "odds ratio"}
CLOSE = 1e-6

#: All values that differ from metafor's by a relative difference above 1e-6.
_LOOSE = {"PM tau2", "PM effect", "PM se", "profile low", "profile high"}
DIFFERS = {
    "OR": _LOOSE,
    "RR": _LOOSE,
    "RD": _LOOSE
    | {f"{method} {key}" for method in ("ML", "REML") for key in ("tau2", "effect", "se")}
    | {"prediction low", "prediction high", "knapp_hartung_se", "egger_z"}
    | {f"without {place}" for place in range(13)},
    "empty_OR": set(),
}


@pytest.fixture(scope="module")
def oracles(r_output):
    return r_output("g25_meta_stopping"), r_output("g17_meta_analysis")


def studies_of(oracles, name):
    stored = oracles[1]["empty_cells" if name == "empty_OR" else "bcg"]["counts"]
    arms = (np.array([row[key] for row in stored]) for key in ("x1", "n1", "x2", "n2"))
    return effects_from_counts(*arms, SCALES[name])


def residual_of(kind, tau2, y, v, x, target=0.0):
    """Return the residual of the equation that defines an estimate of tau squared."""
    w = 1 / (v + tau2)
    inner = np.linalg.inv(x.T @ (w[:, None] * x))
    rest = y - x @ inner @ x.T @ (w * y)
    if kind == "Q":
        return float((w * rest**2).sum() - target)
    information = w.sum()
    if kind == "REML":
        information -= np.trace(inner @ x.T @ (w[:, None] ** 2 * x))
    return float(((w * rest) ** 2).sum() - information)


def fitted(tau2, y, v, x):
    """Return coefficients and standard errors at a value of tau squared."""
    w = 1 / (v + tau2)
    covariance = np.linalg.inv(x.T @ (w[:, None] * x))
    return covariance @ x.T @ (w * y), np.sqrt(np.diag(covariance))


def values(oracles, name):
    """Yield name, our value, metafor's value."""
    stored, studies = oracles[0][name], studies_of(oracles, name)
    for method in ("PM", "ML", "REML"):
        fit, theirs = pool_effects(studies, method), stored[method]
        found = fit.tau2, fit.coefficient[0], fit.std_error[0]
        for key, ours in zip(("tau2", "effect", "se"), found, strict=True):
            yield f"{method} {key}", ours, theirs[key]
    fit = pool_effects(studies)
    yield from zip(("profile low", "profile high"), (fit.tau2_low, fit.tau2_high),
                   stored["profile"], strict=True)  # fmt: skip
    yield from zip(("prediction low", "prediction high"), fit.prediction()[1:],
                   stored["prediction"], strict=True)  # fmt: skip
    knha = pool_effects(studies, test="knapp-hartung").std_error[0]
    yield "knapp_hartung_se", knha, stored["knapp_hartung_se"]
    for place, each in enumerate(leave_one_out(studies)):
        yield f"without {place}", each.coefficient[0], stored["leave_one_out"][place]
    yield "egger_z", egger_test(studies).statistic, stored["egger_z"]


def root_of(kind, y, v, x, target=0.0):
    """Return where the residual is 0, by bisection of a bracket with one change of sign."""

    def residual(tau2):
        return residual_of(kind, tau2, y, v, x, target)

    return brentq(residual, 0.0, 10.0, xtol=1e-17, rtol=1e-14, maxiter=500)


def solved(name, key, studies):
    """Return a value from the root of its equation, without the code under test."""
    y, v = studies.effect, studies.variance
    x = np.ones((len(y), 1))
    if key.startswith("profile"):
        tail = 0.975 if key.endswith("low") else 0.025
        return root_of("Q", y, v, x, chi2.ppf(tail, len(y) - 1))
    if key.startswith("without"):
        kept = np.arange(len(y)) != int(key.split()[1])
        y, v, x = y[kept], v[kept], x[kept]
        return fitted(root_of("REML", y, v, x), y, v, x)[0][0]
    if key == "egger_z":
        x = np.column_stack([x, np.sqrt(v)])
        effect, error = fitted(root_of("REML", y, v, x), y, v, x)
        return effect[1] / error[1]
    kind, wanted = key.split() if key[:2] in ("PM", "ML", "RE") else ("REML", key)
    tau2 = root_of("Q" if kind == "PM" else kind, y, v, x, len(y) - 1.0)
    effect, error = (float(each[0]) for each in fitted(tau2, y, v, x))
    if wanted == "knapp_hartung_se":
        q = residual_of("Q", tau2, y, v, x)
        return error * np.sqrt(q / (len(y) - 1))
    if wanted in ("low", "high") or key.startswith("prediction"):
        half = norm.ppf(0.975) * np.sqrt(tau2 + error**2)
        return effect - half if key.endswith("low") else effect + half
    return {"tau2": tau2, "effect": effect, "se": error}[wanted]


@pytest.mark.parametrize("name", SCALES)
def test_each_value_that_differs_from_metafor_solves_its_equation(oracles, name):
    studies, differing = studies_of(oracles, name), set()
    for key, ours, theirs in values(oracles, name):
        if abs(ours - theirs) <= CLOSE * abs(theirs):
            continue
        differing.add(key)
        exact = solved(name, key, studies)
        assert ours == pytest.approx(exact, rel=1e-8), key
        assert abs(theirs - exact) > 100 * abs(ours - exact), key
    assert differing == DIFFERS[name]


@pytest.mark.parametrize("name", ["OR", "RR", "RD"])
@pytest.mark.parametrize("method", ["PM", "ML", "REML"])
def test_the_residual_at_our_tau_squared_is_a_millionth_of_that_at_metafors(oracles, name, method):
    studies, stored = studies_of(oracles, name), oracles[0][name][method]
    y, v, x = studies.effect, studies.variance, np.ones((len(studies), 1))
    kind, target = ("Q", len(y) - 1.0) if method == "PM" else (method, 0.0)
    ours = residual_of(kind, pool_effects(studies, method).tau2, y, v, x, target)
    theirs = residual_of(kind, stored["tau2"], y, v, x, target)
    assert abs(ours) < 1e-6 * abs(theirs)
    # Other values depend on tau squared: metafor's effect follows from its own tau squared.
    effect, error = fitted(stored["tau2"], y, v, x)
    assert [effect[0], error[0]] == pytest.approx([stored["effect"], stored["se"]], rel=1e-9)


def test_meta_regression_differs_only_by_tau_squared(oracles):
    stored, studies = oracles[0]["regression"], studies_of(oracles, "OR")
    latitude = np.array([row["latitude"] for row in oracles[1]["bcg"]["counts"]], float)
    ours = pool_effects(studies, "REML", "normal", latitude[:, None], ("latitude",))
    y, v, x = studies.effect, studies.variance, np.column_stack([np.ones(13), latitude])
    at_ours, at_theirs = (
        residual_of("REML", each, y, v, x) for each in (ours.tau2, stored["tau2"])
    )
    assert abs(at_ours) < 1e-6 * abs(at_theirs)
    assert ours.tau2 == pytest.approx(root_of("REML", y, v, x), rel=1e-9)
    effect, error = fitted(stored["tau2"], y, v, x)
    assert effect == pytest.approx(stored["effect"], rel=1e-9)
    assert error == pytest.approx(stored["se"], rel=1e-9)
    assert ours.coefficient == pytest.approx(stored["effect"], rel=1e-4)
