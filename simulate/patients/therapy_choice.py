"""Choice of therapy: each patient's probability of choosing it."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from simulate.core.coding import DIAGNOSES
from simulate.core.rounding import rounded
from simulate.patients.baseline import Patients
from simulate.scenario.sections.therapy_arms import Choice, ChoiceTerm

Floats = NDArray[np.float64]

#: Scores are truncated here, so that the cubic term has no extreme effect in the tails.
SCORE_LIMIT = 2.5

#: Step to which probabilities are rounded: the last bits of an exponential differ between
#: processors, and the probability is written with the truth.
STEP = 1e-6


def propensity(choice: Choice, patients: Patients, hidden: Floats | None = None) -> Floats:
    """Return each patient's true probability of choosing therapy, of shape (replicate, patient).

    Probabilities that differ between patients are multiples of `STEP`, neither 0 nor 1.

    Parameters
    ----------
    hidden
        Score of the unmeasured confounder; None if it has no effect.
    """
    if choice.by == "coin":
        return np.full(patients.diagnosis.shape, expit(choice.intercept.value))
    by_diagnosis = np.array([0.0] + [choice.diagnosis[name].value for name in DIAGNOSES[1:]])
    log_odds = choice.intercept.value + by_diagnosis[patients.diagnosis]
    if patients.sites is not None:
        log_odds += patients.sites.therapy
    for name, term in choice.terms.items():
        if _acts(term):
            log_odds += _along(term, patients.score[name])
    if patients.user_defined is not None:
        log_odds = log_odds + patients.user_defined.added("therapy")
    if hidden is not None:
        log_odds += choice.hidden.value * hidden
    # Probabilities are never 0 or 1: their inverses are finite.
    return np.clip(rounded(expit(log_odds), STEP), STEP, 1 - STEP)


def _acts(term: ChoiceTerm) -> bool:
    return any(number.value for number in (term.linear, term.quadratic, term.cubic))


def _along(term: ChoiceTerm, score: Floats) -> Floats:
    """Sum the Hermite polynomials z, z²-1, z³-3z by Horner's rule."""
    z = np.clip(score, -SCORE_LIMIT, SCORE_LIMIT)
    linear, quadratic, cubic = term.linear.value, term.quadratic.value, term.cubic.value
    return ((cubic * z + quadratic) * z + (linear - 3 * cubic)) * z - quadratic
