"""A logistic regression pooled over months, as a model of treatment or of having been seen."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from estimate.core.arrays import Bools, Floats
from estimate.regression.logistic import fit_logistic
from estimate.regression.logistic_fit import LogisticFit


@dataclass(frozen=True, slots=True)
class PooledFit:
    """A fit over patient-months; ``...`` is the leading shape.

    Attributes
    ----------
    rows
        (..., n, month, q) design.
    likelihood
        (..., n, month) fitted probability of what was observed; 1 where the model does not apply.
    residual
        (..., n, month) observed minus fitted; 0 where the model does not apply.
    """

    rows: Floats
    likelihood: Floats
    residual: Floats
    fit: LogisticFit

    @property
    def influence(self) -> Floats:
        """The influence (..., n, q) of each patient on the coefficients."""
        return np.asarray(self.scores.sum(-2) @ self.fit.cov)

    @property
    def scores(self) -> Floats:
        """Each patient-month's term of the score, (..., n, month, q)."""
        return np.asarray(self.residual[..., None] * self.rows)


def fit_pooled(rows: Floats, value: Floats, asked: Bools, *, by_month: bool = True) -> PooledFit:
    """Fit a logistic regression to the patient-months in which something was decided.

    Parameters
    ----------
    rows
        (..., n, month, q); with ``by_month`` the first columns are the indicators of the months.
    value, asked
        (..., n, month) the 0/1 answer, and where it counts.
    by_month
        A month in which all answers are alike has probability 1 and does not enter the fit; its
        indicator would have no finite coefficient.
    """
    *lead, n, months, q = rows.shape
    flat = (*lead, n * months)
    fitted, answer, weight = rows, value, asked * 1.0
    if by_month:
        ones, zeros = ((asked & (value == level)).any(-2) for level in (1, 0))
        alike = np.broadcast_to(~(ones & zeros)[..., None, :], asked.shape)
        # half an answer on its own indicator alone keeps the information regular, and leaves every
        # other coefficient as it is
        fitted = np.where(alike[..., None], rows * (np.arange(q) < months), rows)
        answer, weight = np.where(alike, 0.5, value), np.where(alike, 1.0, weight)
        asked = asked & ~alike
    design = fitted.reshape(*flat, q)
    fit = fit_logistic(design, answer.reshape(flat), weight.reshape(flat))
    chance = expit(np.einsum("...np,...p->...n", design, fit.coef)).reshape(value.shape)
    likelihood = np.where(asked, np.where(value > 0, chance, 1 - chance), 1.0)
    return PooledFit(rows, likelihood, np.where(asked, value - chance, 0.0), fit)
