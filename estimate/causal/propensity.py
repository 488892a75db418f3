"""The propensity score, its discrimination between the arms, and what weights hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from estimate.comparison.ranks import rank_bounds
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats
from estimate.core.design_matrix import DesignMatrix, design_matrix
from estimate.core.estimand import Target
from estimate.core.result import Z95
from estimate.core.rounding import RANKED_DIGITS, significant
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit
from estimate.regression.sandwich import leverage


@dataclass(frozen=True, slots=True)
class PropensityScore:
    """A fitted propensity model.

    Attributes
    ----------
    score
        (..., n) probability of treatment; 0.5 for patients not analysed, NaN for everyone in a data
        set whose model did not converge.
    design
        Columns of the model, intercept first.
    fit
        Its coefficients.
    """

    score: Floats
    design: DesignMatrix
    fit: LogisticFit

    def influence(self, data: AnalysisSet, *, small_sample: bool = False) -> Floats:
        """Return each patient's influence on the coefficients, (..., n, q).

        Parameters
        ----------
        small_sample
            Divide it by 1 - h with leverage h, so that the influence of patients with high leverage
            is not underestimated.
        """
        residual = np.where(data.include, data.treatment - self.score, 0.0)
        if data.sampling is not None:
            residual = residual * data.sampling
        if small_sample:
            residual = residual / (1 - leverage(self.design.X, self.fit, data.weights))
        by_patient: Floats = (self.design.X * residual[..., None]) @ self.fit.cov
        return by_patient


def propensity(data: AnalysisSet, covariates: Sequence[str] | None = None) -> PropensityScore:
    """Estimate the propensity score by logistic regression of treatment on covariates.

    Parameters
    ----------
    covariates
        Names; None takes all of the analysis set.
    """
    design = design_matrix(data, covariates, treatment=False)
    fit = fit_logistic(design.X, data.treatment, data.weights)
    score = expit(np.matmul(design.X, fit.coef[..., None])[..., 0])
    score = np.where(fit.converged[..., None], np.where(data.include, score, 0.5), np.nan)
    return PropensityScore(score, design, fit)


def trim(
    data: AnalysisSet, score: PropensityScore, low: float = 0.1, high: float = 0.9
) -> AnalysisSet:
    """Exclude patients whose score is below ``low`` or above ``high``; both ends stay in.

    Crump RK, Hotz VJ, Imbens GW, Mitnik OA. *Biometrika* 2009;96:187-199. The population changes:
    the score is to be estimated again, and the change reported.
    """
    compared = significant(score.score, RANKED_DIGITS)
    inside = (compared >= low) & (compared <= high)
    return data.keep(inside, f"propensity score outside {low:g} to {high:g}")


def common_support(data: AnalysisSet, score: PropensityScore) -> tuple[Floats, Floats]:
    """Return the range (...) of scores that occur in both arms."""
    lows, highs = [], []
    for arm in (data.treatment > 0, data.treatment <= 0):
        here = arm & data.include
        lows.append(np.where(here, score.score, np.inf).min(-1))
        highs.append(np.where(here, score.score, -np.inf).max(-1))
    return np.maximum(*lows), np.minimum(*highs)


@dataclass(frozen=True, slots=True)
class Discrimination:
    """C-statistic (...) with DeLong's standard error and 95 % interval."""

    c_statistic: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats


def c_statistic(
    score: ArrayLike, treatment: ArrayLike, include: ArrayLike | None = None
) -> Discrimination:
    """Return the probability that a treated patient scores above an untreated one; ties count half.

    Exact, by mid-ranks, for every data set of a batch; scores are compared to 10 significant
    digits, so that equal covariates tie. Standard error: DeLong ER, DeLong DM, Clarke-Pearson DL.
    *Biometrics* 1988;44:837-845.

    Parameters
    ----------
    score
        (..., n) any score, higher meaning more likely treated.
    treatment
        (..., n) 0 or 1.
    include
        (..., n) patients included; None means all.

    Examples
    --------
    >>> answer = c_statistic([0.2, 0.4, 0.4, 0.9], [0, 0, 1, 1])
    >>> float(answer.c_statistic)
    0.875
    """
    score, treatment = significant(score, RANKED_DIGITS), np.asarray(treatment, float)
    here = np.ones(score.shape, bool) if include is None else np.asarray(include, bool)
    treated, untreated = here & (treatment > 0), here & (treatment <= 0)
    n1, n0 = np.count_nonzero(treated, axis=-1), np.count_nonzero(untreated, axis=-1)
    among_all = _ranks(score, here)
    # rank among all minus rank within the arm counts the other arm's patients below
    below1 = np.where(treated, among_all - _ranks(score, treated), 0.0)
    below0 = np.where(untreated, among_all - _ranks(score, untreated), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        c = below1.sum(-1) / (n1 * n0)
        var1 = _variance(below1 / n0[..., None], treated, n1)
        var0 = _variance(1 - below0 / n1[..., None], untreated, n0)
        error = np.sqrt(var1 / n1 + var0 / n0)
    return Discrimination(c, error, c - Z95 * error, c + Z95 * error)


def _ranks(score: Floats, who: Bools) -> Floats:
    """Return mid-ranks from 1 among ``who``; the others rank above them."""
    low, high = rank_bounds(np.where(who, score, np.inf))
    return np.asarray((low + high) / 2)


def _variance(values: Floats, who: Bools, n: Floats) -> Floats:
    mean = np.where(who, values, 0).sum(-1) / n
    variation: Floats = np.where(who, (values - mean[..., None]) ** 2, 0).sum(-1) / (n - 1)
    return variation


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights of one target population.

    Attributes
    ----------
    value
        (..., n); 0 for patients not analysed, NaN if infinite.
    slope
        (..., n) derivative of a patient's weight with respect to the linear predictor of the
        propensity model.
    target
        Target population of the weighted arms.
    stabilised
        Whether weights were multiplied by the proportion of patients in the same arm.
    """

    value: Floats
    slope: Floats
    target: Target
    stabilised: bool = False

    def effective_size(self, data: AnalysisSet) -> tuple[Floats, Floats]:
        """Return Kish's effective sample sizes (sum w)^2 / sum w^2, treated then untreated."""
        sizes = []
        for arm in (data.treatment > 0, data.treatment <= 0):
            w = np.where(arm, self.value, 0.0)
            with np.errstate(divide="ignore", invalid="ignore"):
                sizes.append(w.sum(-1) ** 2 / (w**2).sum(-1))
        return sizes[0], sizes[1]
