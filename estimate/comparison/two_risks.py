"""Two marginal risks with their covariance, and their three comparisons."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from estimate.comparison.restricted_risks import Measure
from estimate.comparison.risk_difference import score_interval, score_z
from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.estimand import Estimand
from estimate.core.result import Z95, Estimate, Scale, wald

#: Risks nearer than this to 0 or 1 count as 0 or 1.
DEGENERATE = 1e-12

SCORE = "score (Farrington-Manning), effective sample sizes"


@dataclass(frozen=True, slots=True)
class Risks:
    """Marginal risks if everyone, and if no one, in a population had been treated.

    Attributes
    ----------
    treated, untreated
        (...) risks.
    cov
        (..., 2, 2) their covariance, in this order.
    n
        (...) patients who contributed.
    converged
        (...) whether all models used converged.
    df
        Degrees of freedom of Student's t for tests and intervals; None is the normal.
    size
        (..., 2) effective sample sizes of the treated and the untreated arm, used where a risk is
        0 or 1; None if such risks cannot occur.
    """

    treated: Floats
    untreated: Floats
    cov: Floats
    n: Ints
    converged: Bools
    df: Ints | None = None
    size: Floats | None = None

    def compare(
        self, estimand: Estimand, method: str, interval: str
    ) -> tuple[Estimate, Estimate, Estimate]:
        """Return risk difference, risk ratio and odds ratio; standard errors by the delta method.

        If every patient of an arm has the same outcome, the delta method gives a variance of 0, and
        a Wald test would be anti-conservative: see `score_if_degenerate`.

        Examples
        --------
        >>> risks = Risks(*map(np.array, (0.3, 0.2)), np.eye(2) / 1e3, np.array(99), np.array(True))
        >>> question = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "")
        >>> for answer in risks.compare(question, "g-computation", "delta"):
        ...     print(f"{answer.scale}: {answer.estimate:.3f}")
        risk difference: 0.100
        risk ratio: 1.500
        odds ratio: 1.714
        """
        p1, p0 = self.treated, self.untreated
        with np.errstate(divide="ignore", invalid="ignore"):
            log1, log0, odd1, odd0 = (f(p) for f in (np.log, _logit) for p in (p1, p0))
            slope1, slope0 = p1 * (1 - p1), p0 * (1 - p0)
            ways: tuple[tuple[Scale, Floats, Floats, Floats], ...] = (
                ("risk difference", p1 - p0, np.ones_like(p1), -np.ones_like(p0)),
                ("risk ratio", log1 - log0, 1 / p1, -1 / p0),
                ("odds ratio", odd1 - odd0, 1 / slope1, -1 / slope0),
            )
            answers = [
                wald(
                    estimand.as_(f"marginal {scale}"),
                    method,
                    scale,
                    value,
                    self._delta(by1, by0),
                    self.n,
                    interval=interval,
                    converged=self.converged,
                    df=self.df,
                )
                for scale, value, by1, by0 in ways
            ]
        return self._scored(answers[0]), self._scored(answers[1]), answers[2]

    def _scored(self, answer: Estimate) -> Estimate:
        """Return the answer with score test and interval if Wald's variance is 0."""
        if self.size is None:
            return answer
        risks = np.stack([self.treated, self.untreated], -1)
        variance = np.stack([self.cov[..., 0, 0], self.cov[..., 1, 1]], -1)
        return score_if_degenerate(answer, risks, variance, self.size, self.converged)

    def _delta(self, by1: Floats, by0: Floats) -> Floats:
        """Return the standard error of a function with these derivatives."""
        cov = self.cov
        variance = by1**2 * cov[..., 0, 0] + by0**2 * cov[..., 1, 1]
        error: Floats = np.sqrt(variance + 2 * by1 * by0 * cov[..., 0, 1])
        return error


def _logit(p: Floats) -> Floats:
    logit: Floats = np.log(p) - np.log1p(-p)
    return logit


def clustered_risks(data: AnalysisSet) -> Risks:
    """Return the risks of both arms, with the covariance of sums over clusters.

    With sampling weights they are weighted risks, as `survey::svymean` gives them by arm.

    Each risk is a ratio of two sums over clusters (Cochran WG. *Sampling Techniques*, 3rd ed.,
    1977, section 6.3): the estimate of generalised estimating equations with independence.
    """
    risks, influence, sizes = [], [], []
    for arm in (data.treatment > 0, data.treatment <= 0):
        inside = (arm & data.include) * (1.0 if data.sampling is None else data.sampling)
        n = inside.sum(-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            risk = (inside * data.outcome).sum(-1) / n
            influence.append(inside * (data.outcome - risk[..., None]) / n[..., None])
            effective = data.sums(inside[..., None])[..., 0].astype(bool).sum(-1)
            if data.sampling is not None:  # Kish's number of equally weighted patients
                effective = np.minimum(effective, n**2 / (inside**2).sum(-1))
        risks.append(risk)
        sizes.append(effective)
    units = data.by_unit(np.stack(influence, -1))
    cov = units.swapaxes(-1, -2) @ units
    sound = np.asarray(np.isfinite(risks[0]) & np.isfinite(risks[1]))
    size = np.stack(sizes, -1).astype(float)
    return Risks(risks[0], risks[1], cov, data.n, sound, data.df, size)


def score_if_degenerate(
    answer: Estimate, risks: Floats, variance: Floats, size: Floats, sound: Bools
) -> Estimate:
    """Return a risk difference or risk ratio, with a score test if a risk is 0 or 1.

    In that case test and interval are Farrington and Manning's, applied to effective counts: the
    arm at 0 or 1 counts with its effective sample size, the other with the size that gives its risk
    the variance it has. ``std_error`` is the half-length of the interval over 1.96, on the scale of
    the standard error. A ratio to a risk of 0 has no estimate and is not changed.

    Parameters
    ----------
    answer
        The Wald answer, (...).
    risks, variance, size
        (..., 2) risks of the treated and the untreated arm, their variances, and the arms'
        effective sample sizes.
    sound
        (...) whether the models used for the risks converged.
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
