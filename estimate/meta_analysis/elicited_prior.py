"""Priors of experts: a normal distribution from quantiles they state, or a histogram.

As in the SHELF framework: O'Hagan A et al. *Uncertain Judgements*, Wiley 2006, chapter 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from estimate.core.numeric.normal_mixture import NormalMixture
from protocol.errors import InputError


@dataclass(frozen=True, slots=True)
class ElicitedPrior:
    """A fitted prior, and its distance from the stated quantiles.

    Attributes
    ----------
    prior
        The normal distribution.
    largest_gap
        Greatest difference between a stated probability and that of the fitted prior.
    """

    prior: NormalMixture
    largest_gap: float


def prior_from_quantiles(stated: Mapping[float, float]) -> ElicitedPrior:
    """Fit a normal distribution to quantiles: exactly to two, by least squares to more.

    Parameters
    ----------
    stated
        Probability (0 to 1) to the value below which the effect lies with it.

    Examples
    --------
    >>> answer = prior_from_quantiles({0.05: -0.2, 0.5: 0.3, 0.95: 0.8})
    >>> round(answer.prior.mean, 3), round(answer.prior.sd, 3), round(answer.largest_gap, 6)
    (0.3, 0.304, 0.0)
    """
    probability = np.array(sorted(stated), float)
    value = np.array([stated[p] for p in sorted(stated)], float)
    if probability.size < 2 or (probability <= 0).any() or (probability >= 1).any():
        problem = "fewer than two quantiles, or a probability that is not between 0 and 1"
        raise InputError.of("prior", "quantiles", problem, "give for example 5, 50 and 95 %")
    if not np.isfinite(value).all() or (np.diff(value) <= 0).any():
        problem = "the values do not rise with their probabilities"
        raise InputError.of("prior", "quantiles", problem, "correct the quantiles")
    design = np.stack([np.ones_like(probability), ndtri(probability)], axis=1)
    mean, sd = np.linalg.lstsq(design, value, rcond=None)[0]
    prior = NormalMixture.of([1.0], [mean], [sd])
    gaps = [abs(prior.probability_below(v) - p) for p, v in zip(probability, value, strict=True)]
    return ElicitedPrior(prior, float(max(gaps)))


def prior_from_histogram(edges: Sequence[float], weights: Sequence[float]) -> NormalMixture:
    """Make a mixture from a histogram that an expert filled ("roulette" method).

    Parameters
    ----------
    edges
        Rising limits of the bins.
    weights
        Share of each bin; they sum to 1.

    Notes
    -----
    Each bin becomes a normal component with the mean and the variance of a uniform one.
    """
    limits = np.asarray(edges, float)
    if limits.size != len(weights) + 1 or (np.diff(limits) <= 0).any():
        problem = f"{limits.size} rising edges for {len(weights)} bins"
        raise InputError.of("prior", "edges", problem, "give one edge more than bins, rising")
    middle, width = (limits[1:] + limits[:-1]) / 2, np.diff(limits)
    return NormalMixture.of(weights, middle, width / 12**0.5)
