"""Pooled effects and meta-regression, with heterogeneity and prediction intervals.

Random effects by inverse variance; the test by the normal distribution, or by Knapp and Hartung
(Hartung J, Knapp G. *Stat Med* 2001;20:3875-89; Knapp G, Hartung J. *Stat Med* 2003;22:2693-710).
Prediction intervals as in Riley RD, Higgins JPT, Deeks JJ. *BMJ* 2011;342:d549, with the quantile
of the test in use; I squared as in Higgins JPT, Thompson SG. *Stat Med* 2002;21:1539-58.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, fdtrc, ndtr, stdtr, stdtrit

from estimate.core.arrays import Floats
from estimate.core.result import Z95
from estimate.meta_analysis.between_study_variance import (
    TauMethod,
    estimate_tau2,
    projection,
    residual_q,
    tau2_interval,
)
from estimate.meta_analysis.study_effects import EffectScale, StudyEffects
from protocol.errors import InputError

#: How coefficients are tested: normal distribution, or Knapp and Hartung's variance with t.
PoolingTest = Literal["normal", "knapp-hartung"]


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """A model fitted to the effects of studies.

    Attributes
    ----------
    scale
        Scale of the effects; ratios are natural logarithms in all fields.
    method, test
        Estimator of tau squared, and test of the coefficients.
    terms
        Names of the coefficients: "pooled effect", then moderators.
    coefficient, std_error, statistic, p_value, conf_low, conf_high
        (term,) coefficients with 95 % intervals.
    tau2, tau2_low, tau2_high
        Variance between studies with its Q-profile interval (NaN with one study).
    i2_percent, q, q_df, q_p_value
        Share of variance between studies; Cochran's Q, its degrees of freedom and p-value.
    r2_percent, qm, qm_p_value
        Variance that moderators explain and their joint Wald (or F) test; NaN without moderators.
    studies
        Number of studies.
    """

    scale: EffectScale
    method: TauMethod
    test: PoolingTest
    terms: tuple[str, ...]
    coefficient: Floats
    covariance: Floats
    statistic: Floats
    p_value: Floats
    conf_low: Floats
    conf_high: Floats
    tau2: float
    tau2_low: float
    tau2_high: float
    i2_percent: float
    q: float
    q_df: int
    q_p_value: float
    r2_percent: float
    qm: float
    qm_p_value: float
    studies: int

    @property
    def std_error(self) -> Floats:
        """(term,) standard errors."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def reach(self) -> float:
        """Quantile by which standard errors are multiplied for a 95 % interval."""
        return Z95 if self.test == "normal" else float(stdtrit(self.q_df, 0.975))

    def prediction(self, at: Sequence[float] = ()) -> tuple[float, float, float]:
        """Predict the true effect of a new study.

        Parameters
        ----------
        at
            Values of the moderators, in the order of ``terms``.

        Returns
        -------
        effect, low, high
            Expected effect, and 95 % limits of the true effect of one new study.
        """
        row = np.array([1.0, *at])
        if row.size != self.coefficient.size:
            names = ", ".join(self.terms[1:]) or "none"
            problem = f"{len(at)} values for {self.coefficient.size - 1} moderators ({names})"
            raise InputError.of("prediction", "moderators", problem, "give one value per moderator")
        effect = float(row @ self.coefficient)
        predictive_sd = float(np.sqrt(row @ self.covariance @ row + self.tau2))
        return effect, effect - self.reach * predictive_sd, effect + self.reach * predictive_sd


def pool_effects(
    studies: StudyEffects,
    method: TauMethod = "REML",
    test: PoolingTest = "normal",
    moderators: ArrayLike | None = None,
    names: Sequence[str] = (),
) -> MetaAnalysis:
    """Pool the effects of studies, or regress them on moderators.

    Parameters
    ----------
    studies
        Effects and variances.
    method
        Estimator of tau squared; "EE" is the equal-effects (fixed-effect) model.
    test
        "normal", or "knapp-hartung" (t with studies - terms degrees of freedom).
    moderators
        (study, moderator) values; none pools.
    names
        Names of the moderators.

    Raises
    ------
    InputError
        There are fewer studies than coefficients, or a moderator is constant or collinear.

    Examples
    --------
    >>> from estimate.meta_analysis.study_effects import effects_from_counts
    >>> studies = effects_from_counts([4, 6, 3], [123, 306, 231], [11, 29, 11], [139, 303, 220])
    >>> answer = pool_effects(studies, "DL")
    >>> [round(float(x), 3) for x in (answer.coefficient[0], answer.std_error[0], answer.tau2)]
    [-1.396, 0.318, 0.0]
    """
    design, terms = _design(studies, moderators, names)
    effect, variance = studies.effect, studies.variance
    tau2 = estimate_tau2(effect, variance, design, method)
    weight = 1 / (variance + tau2)
    covariance = np.linalg.inv(design.T @ (weight[:, None] * design))
    coefficient = covariance @ (design.T @ (weight * effect))
    df = len(studies) - len(terms)
    if test == "knapp-hartung":
        covariance = covariance * _variance_factor(effect, weight, design, df)
    statistic = coefficient / np.sqrt(np.diag(covariance))
    reach = Z95 if test == "normal" else float(stdtrit(df, 0.975))
    half = reach * np.sqrt(np.diag(covariance))
    return MetaAnalysis(
        scale=studies.scale,
        method=method,
        test=test,
        terms=terms,
        coefficient=coefficient,
        covariance=covariance,
        statistic=statistic,
        p_value=2 * (ndtr(-abs(statistic)) if test == "normal" else stdtr(df, -abs(statistic))),
        conf_low=coefficient - half,
        conf_high=coefficient + half,
        tau2=tau2,
        **_heterogeneity(studies, design, method, tau2),
        **_moderation(studies, method, test, tau2, coefficient, covariance),
        studies=len(studies),
    )


def _design(
    studies: StudyEffects, moderators: ArrayLike | None, names: Sequence[str]
) -> tuple[Floats, tuple[str, ...]]:
    """Return the design matrix with its intercept, and the names of its columns."""
    ones = np.ones((len(studies), 1))
    if moderators is None:
        return ones, ("pooled effect",)
    extra = np.asarray(moderators, float).reshape(len(studies), -1)
    if len(names) != extra.shape[1]:
        problem = f"{len(names)} names for {extra.shape[1]} moderators"
        raise InputError.of("meta-regression", "names", problem, "name each moderator")
    design = np.hstack([ones, extra])
    if len(studies) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        problem = f"{len(studies)} studies cannot tell {design.shape[1]} coefficients apart"
        raise InputError.of("meta-regression", "moderators", problem, "use fewer moderators")
    return design, ("intercept", *names)


def _variance_factor(effect: Floats, weight: Floats, design: Floats, df: int) -> float:
    """Return Knapp and Hartung's factor, the mean weighted square of residuals."""
    if df < 1:
        problem = "the Knapp-Hartung test needs at least two studies more than moderators"
        raise InputError.of("meta-analysis", "test", problem, "use test='normal'")
    return residual_q(effect, weight, design) / df


def _heterogeneity(
    studies: StudyEffects, design: Floats, method: TauMethod, tau2: float
) -> dict[str, Any]:
    """Return Q, I squared and the interval of tau squared, as fields of the result."""
    effect, variance = studies.effect, studies.variance
    df = len(studies) - design.shape[1]
    q = residual_q(effect, 1 / variance, design)
    if df < 1:
        nan = float("nan")
        return {
            "q": q,
            "q_df": df,
            "q_p_value": nan,
            "i2_percent": nan,
            "tau2_low": nan,
            "tau2_high": nan,
        }
    if method == "EE":
        share = (q - df) / q if q > df else 0.0
        low = high = 0.0
    else:
        typical = df / float(np.trace(projection(1 / variance, design)))
        share = tau2 / (tau2 + typical)
        low, high = tau2_interval(effect, variance, design)
    return {
        "q": q,
        "q_df": df,
        "q_p_value": float(chdtrc(df, q)),
        "i2_percent": 100 * share,
        "tau2_low": low,
        "tau2_high": high,
    }


def _moderation(
    studies: StudyEffects,
    method: TauMethod,
    test: PoolingTest,
    tau2: float,
    coefficient: Floats,
    covariance: Floats,
) -> dict[str, Any]:
    """Return the variance explained by moderators, and their joint test, as result fields."""
    count = coefficient.size - 1
    if not count:
        return {"r2_percent": float("nan"), "qm": float("nan"), "qm_p_value": float("nan")}
    slopes = coefficient[1:]
    wald = float(slopes @ np.linalg.solve(covariance[1:, 1:], slopes))
    ones = np.ones((len(studies), 1))
    whole = estimate_tau2(studies.effect, studies.variance, ones, method)
    explained = max(0.0, (whole - tau2) / whole) if whole else float("nan")
    if test == "normal":
        return {"r2_percent": 100 * explained, "qm": wald, "qm_p_value": float(chdtrc(count, wald))}
    df = len(studies) - coefficient.size
    f = wald / count
    return {"r2_percent": 100 * explained, "qm": f, "qm_p_value": float(fdtrc(count, df, f))}
