"""Assurance: the probability that a trial succeeds, averaged over the prior of its effect.

O'Hagan A, Stevens JW, Campbell MJ. *Pharm Stat* 2005;4:187-201. Power at one assumed effect is the
special case of a point prior. Value of information: Ades AE, Lu G, Claxton K. *Med Decis Making*
2004;24:207-27.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.polynomial.legendre import leggauss
from scipy.special import expit, logit, ndtr, ndtri

from estimate.core.arrays import Floats
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.core.numeric.roots import brent_root
from estimate.sample_size.closed_form import power_two_proportions
from protocol.errors import InputError

#: Points over the estimates that a trial may give.
_POINTS, _POINT_WEIGHTS = leggauss(400)

#: Points and weights of the standard normal distribution.
_NORMAL_POINTS, _NORMAL_WEIGHTS = hermegauss(32)
_NORMAL_WEIGHTS /= _NORMAL_WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class Assurance:
    """Predictive probabilities of a trial before it starts, from 0 to 1.

    Attributes
    ----------
    success
        Unconditional assurance: a significant result in favour of therapy.
    benefit
        Probability that therapy is beneficial.
    success_given_benefit
        Assurance conditional on that.
    misleading
        Probability of a significant result in favour of a therapy without benefit.
    no_benefit_given_success
        Probability that therapy has no benefit although the trial succeeded.
    harm_shown
        Probability of a significant result against therapy (two-sided testing).
    """

    success: float
    benefit: float
    success_given_benefit: float
    misleading: float
    no_benefit_given_success: float
    harm_shown: float


def normal_assurance(prior: NormalMixture, std_error: float, alpha: float = 0.025) -> float:
    """Return the assurance of a trial with a normal estimate, in closed form.

    Parameters
    ----------
    prior
        Belief about the effect; positive favours therapy.
    std_error
        Standard error of the estimate.
    alpha
        One-sided type I error.

    Examples
    --------
    >>> round(normal_assurance(NormalMixture.of([1.0], [0.5], [0.3]), 0.2), 4)
    0.6177
    """
    _check(alpha)
    bar = float(ndtri(1 - alpha)) * std_error
    total = np.sqrt(prior.sd_of**2 + std_error**2)
    return float(prior.weight @ ndtr((prior.mean_of - bar) / total))


def assurance_two_proportions(
    prior: NormalMixture,
    control_risk: float,
    n_experimental: float,
    n_control: float,
    *,
    alpha: float = 0.025,
) -> Assurance:
    """Return the assurance of a comparison of two proportions by the score test.

    Parameters
    ----------
    prior
        Belief about the log odds ratio; positive favours therapy.
    control_risk
        Probability of the event without therapy, between 0 and 1.
    n_experimental, n_control
        Participants per arm.
    alpha
        One-sided type I error.

    Notes
    -----
    Power at each effect is the normal approximation of `power_two_proportions`; the average over
    the prior is by quadrature, exact to nine digits.
    """
    _check(alpha)
    if not 0 < control_risk < 1:
        problem = f"{control_risk} is not allowed"
        raise InputError.of("assurance", "control_risk", problem, "give one between 0 and 1")

    def wins(effect: Floats) -> Floats:
        return _directed_power(effect, control_risk, n_experimental, n_control, alpha)

    def losses(effect: Floats) -> Floats:
        return _directed_power(effect, control_risk, n_experimental, n_control, alpha, against=True)

    success = prior.expect(wins)
    helpful = prior.expect(wins, low=0.0)
    benefit = prior.expect(np.ones_like, low=0.0)
    misleading = success - helpful
    return Assurance(
        success=success,
        benefit=benefit,
        success_given_benefit=helpful / benefit if benefit else float("nan"),
        misleading=misleading,
        no_benefit_given_success=misleading / success if success else float("nan"),
        harm_shown=prior.expect(losses),
    )


def value_of_sample(
    prior: NormalMixture, std_error: float, net_benefit: Callable[[Floats], Floats]
) -> float:
    """Return the expected value of the information of a trial, per future patient.

    Without a trial the better of two choices is made for all: therapy (its expected net benefit) or
    none (0). With a trial the choice follows its estimate. The value is the gain on average.

    Parameters
    ----------
    std_error
        Standard error of the estimate of the effect; 0 is perfect information.
    net_benefit
        Net benefit of therapy for one patient at an effect, a smooth function of arrays, in units
        of the reader's choice: for example the risk difference less the smallest difference that
        outweighs the burden.

    Examples
    --------
    >>> belief = NormalMixture.of([1.0], [0.0], [1.0])
    >>> round(value_of_sample(belief, 0.0, lambda effect: effect), 4)  # perfect information
    0.3989
    """
    nodes, weights = prior.quadrature()
    gain = weights * net_benefit(nodes)
    without_trial = max(0.0, float(gain.sum()))
    if std_error == 0:
        return float(np.maximum(0.0, gain).sum()) - without_trial

    def expected_gain(estimate: Floats) -> Floats:
        """Return density of an estimate times the expected net benefit after it.

        After an estimate each component of the prior is normal again.
        """
        value = np.asarray(estimate, float)[..., None]
        total = prior.sd_of**2 + std_error**2
        density = np.exp(-0.5 * (value - prior.mean_of) ** 2 / total) / np.sqrt(2 * np.pi * total)
        centre = (prior.mean_of * std_error**2 + value * prior.sd_of**2) / total
        spread = prior.sd_of * std_error / np.sqrt(total)
        after = net_benefit(centre[..., None] + spread[:, None] * _NORMAL_POINTS) @ _NORMAL_WEIGHTS
        return np.asarray((prior.weight * density * after).sum(-1))

    low, high = nodes.min() - 8 * std_error, nodes.max() + 8 * std_error
    cuts = _decision_limits(expected_gain, np.linspace(low, high, 400))
    total = 0.0
    for start, stop in itertools.pairwise(cuts):
        estimate = (start + stop) / 2 + (stop - start) / 2 * _POINTS
        total += (stop - start) / 2 * float(_POINT_WEIGHTS @ expected_gain(estimate).clip(0.0))
    return max(0.0, total - without_trial)


def _decision_limits(expected_gain: Callable[[Floats], Floats], grid: Floats) -> list[float]:
    """Return the ends of a grid, and between them the estimates at which the choice changes."""
    values = expected_gain(grid)
    turns = np.flatnonzero(values[:-1] * values[1:] < 0)
    roots = [
        brent_root(lambda e: float(expected_gain(np.array(e))), grid[i], grid[i + 1]) for i in turns
    ]
    return [float(grid[0]), *(float(root) for root in roots), float(grid[-1])]


def _directed_power(
    effect: Floats, control_risk: float, n1: float, n2: float, alpha: float, against: bool = False
) -> Floats:
    """Return the probability of a significant result in favour of (or against) therapy."""
    treated = expit(logit(control_risk) + effect)
    right = power_two_proportions(treated, control_risk, n1, n2, alpha=alpha)
    either = power_two_proportions(treated, control_risk, n1, n2, alpha=alpha, both_sides=True)
    wrong = either - right
    favours = effect > 0
    chosen = np.where(favours ^ against, right, wrong)
    return np.where(effect == 0, alpha, chosen)


def _check(alpha: float) -> None:
    if not 0 < alpha < 0.5:
        problem = f"{alpha} is not allowed"
        raise InputError.of("assurance", "alpha", problem, "give a one-sided error from 0 to 0.5")
