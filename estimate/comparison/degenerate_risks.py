"""Risks of exactly 0 or 1: a Wald variance of 0 would make a test far too confident."""

from dataclasses import replace

import numpy as np
from scipy.special import ndtr

from estimate.comparison.restricted_risks import Measure
from estimate.comparison.risk_difference import score_interval, score_z
from estimate.core.arrays import Bools, Floats
from estimate.core.result import Z95, Estimate

#: Risks nearer than this to 0 or 1 count as 0 or 1.
DEGENERATE = 1e-12

SCORE = "score (Farrington-Manning), effective sample sizes"


def score_if_degenerate(
    answer: Estimate, risks: Floats, variance: Floats, size: Floats, sound: Bools
) -> Estimate:
    """Return a risk difference or risk ratio, with a score test where a risk is 0 or 1.

    There, test and interval are Farrington and Manning's, applied to effective counts: the arm at 0
    or 1 counts with its effective sample size, the other with the size that gives its risk the
    variance it has. ``std_error`` is the half-length of the interval over 1.96, on the scale of
    the standard error. A ratio to a risk of 0 has no estimate and stays as it is.

    Parameters
    ----------
    answer
        The Wald answer, (...).
    risks, variance, size
        (..., 2) risks of the treated and the untreated arm, their variances, and the arms'
        effective sample sizes.
    sound
        (...) whether the models behind the risks converged.
    """
    measure: Measure = "risk ratio" if answer.scale == "risk ratio" else "risk difference"
    flat = (np.abs(risks - 0.5) > 0.5 - DEGENERATE) & (size > 0)
    estimable = sound & np.isfinite(risks).all(-1)
    if measure == "risk ratio":
        estimable = estimable & (risks > DEGENERATE).all(-1)
    chosen = np.asarray(flat.any(-1) & estimable)
    if not chosen.any():
        return answer
    counts = _effective_counts(risks, variance, size, flat, chosen)
    z = score_z(*counts, measure=measure)
    low, high = score_interval(*counts, measure=measure, variance="Farrington-Manning")
    everywhere = bool(chosen.all())
    both = np.where(chosen[..., None], risks, 0.5)
    value = both[..., 0] / both[..., 1] if measure == "risk ratio" else both[..., 0] - both[..., 1]
    return replace(
        answer,
        estimate=np.where(chosen, value, answer.estimate),
        std_error=np.where(chosen, _half_length(low, high, measure), answer.std_error),
        statistic=np.where(chosen, z, answer.statistic),
        p_value=np.where(chosen, 2 * ndtr(-np.abs(z)), answer.p_value),
        conf_low=np.where(chosen, low, answer.conf_low),
        conf_high=np.where(chosen, high, answer.conf_high),
        converged=np.asarray(answer.converged | chosen),
        interval=SCORE if everywhere else f"{answer.interval}; {SCORE} at risk 0 or 1",
        test="score" if everywhere else f"{answer.test}; score at risk 0 or 1",
    )


def _effective_counts(
    risks: Floats, variance: Floats, size: Floats, flat: Bools, chosen: Bools
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return events and patients of both arms; one patient without event where not chosen."""
    with np.errstate(divide="ignore", invalid="ignore"):
        own = risks * (1 - risks) / variance
    own = np.where(np.isfinite(own) & (own > 0), own, size)
    n = np.where(chosen[..., None], np.where(flat, size, own), 1.0)
    x = np.where(chosen[..., None], np.clip(risks, 0, 1) * n, 0.0)
    return x[..., 0], n[..., 0], x[..., 1], n[..., 1]


def _half_length(low: Floats, high: Floats, measure: Measure) -> Floats:
    with np.errstate(divide="ignore"):
        ends = (np.log(low), np.log(high)) if measure == "risk ratio" else (low, high)
    return np.asarray((ends[1] - ends[0]) / (2 * Z95))
