"""A group-sequential design and its operating characteristics under any drift."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from estimate.core.arrays import Floats
from estimate.sequential.recursion import exit_probabilities
from protocol.errors import InputError

#: Smallest error probability with accurate quantiles and roots.
MIN_ERROR = 1e-9


@dataclass(frozen=True, slots=True)
class SequentialDesign:
    """Information fractions, boundaries, and the drift at which the design has its power.

    Everything is relative to the maximum information I_K: ``drift`` means theta * sqrt(I_K), so
    that a design applies to any endpoint. At analysis k the trial stops for efficacy if Z_k >=
    upper_k (with two sides also if Z_k < lower_k = -upper_k), for futility if Z_k < lower_k (one
    side).

    Attributes
    ----------
    name
        Words for a protocol, for example "Lan-DeMets O'Brien-Fleming spending".
    information_rates
        t_k = I_k / I_K, rising, the last 1.
    upper, lower
        Boundaries on the z scale; infinite where an analysis has none. One-sided designs close at
        the last analysis: lower_K = upper_K.
    alpha
        Type I error, both sides together.
    sides
        1 or 2.
    power
        Probability of rejecting under ``drift`` in its direction, through an upper boundary.
    binding
        Whether ``alpha`` relies on stopping for futility. False controls alpha whether or not
        futility boundaries are followed.
    drift
        theta * sqrt(I_K) at which the design has ``power``.
    harm
        (interim analysis,) boundaries of harm, below which the data favour control; they are part
        of ``lower``. Empty without any.
    """

    name: str
    information_rates: tuple[float, ...]
    upper: tuple[float, ...]
    lower: tuple[float, ...]
    alpha: float
    sides: int
    power: float
    binding: bool
    drift: float
    harm: tuple[float, ...] = ()

    @property
    def analyses(self) -> int:
        """Number of analyses, the final one included."""
        return len(self.information_rates)

    @property
    def fixed_drift(self) -> float:
        """Drift of the fixed-sample trial with the same errors: z_alpha + z_beta."""
        return float(ndtri(1 - self.alpha / self.sides) + ndtri(self.power))

    @property
    def inflation(self) -> float:
        """Maximum information relative to the fixed-sample trial (JT: R)."""
        return (self.drift / self.fixed_drift) ** 2

    @property
    def has_futility(self) -> bool:
        """Whether the design can stop early for futility."""
        return self.sides == 1 and bool(np.isfinite(self.lower[:-1]).any())

    @property
    def ignored_lower(self) -> tuple[float, ...]:
        """Lower boundaries as used for alpha: non-binding futility is ignored."""
        if self.sides == 2 or self.binding:
            return self.lower
        return (*(-np.inf for _ in self.lower[:-1]), self.upper[-1])

    def exits(self, drift: ArrayLike = 0.0) -> tuple[Floats, Floats]:
        """Return (..., analysis) probabilities of crossing the lower and upper boundaries."""
        return exit_probabilities(self.information_rates, self.lower, self.upper, drift)

    def rejection(self, drift: ArrayLike = 0.0) -> Floats:
        """Return (..., analysis) probabilities of rejecting at each analysis."""
        low, up = self.exits(drift)
        return low + up if self.sides == 2 else up

    def futility(self, drift: ArrayLike = 0.0) -> Floats:
        """Return (..., analysis) probabilities of ending without rejection."""
        low, up = self.exits(drift)
        if self.sides == 1:
            return low
        ending = np.zeros_like(low)
        ending[..., -1] = 1 - (low + up).sum(-1)
        return ending

    def alpha_spent(self) -> Floats:
        """Return (analysis,) cumulative type I error; two-sided designs: both sides."""
        low, up = exit_probabilities(self.information_rates, self.ignored_lower, self.upper)
        return np.cumsum(low + up if self.sides == 2 else up)

    def beta_spent(self) -> Floats:
        """Return (analysis,) cumulative type II error under ``drift``."""
        return np.cumsum(self.futility(self.drift))

    def expected_rate(self, drift: ArrayLike = 0.0) -> Floats:
        """Return (...) expected information relative to the fixed-sample trial (JT: ASN).

        Multiply a fixed sample size by it for the expected number of participants.
        """
        ends = self.rejection(drift) + self.futility(drift)
        return np.asarray(self.inflation * (ends * np.asarray(self.information_rates)).sum(-1))

    def sample_sizes(self, fixed: float) -> Floats:
        """Return (analysis,) cumulative sizes, not rounded, given the size of the fixed trial."""
        if not fixed > 0:
            raise InputError.of("design", "fixed", f"{fixed} is not above 0", "give a size")
        return fixed * self.inflation * np.asarray(self.information_rates)


def check_rates(rates: ArrayLike) -> Floats:
    """Return information fractions as an array; raise if they cannot be analyses of a design."""
    t = np.atleast_1d(np.asarray(rates, float))
    if t.ndim != 1 or t.size == 0 or not np.isfinite(t).all():
        raise _fault("analyses", "there is no list of finite numbers", "list rates such as 0.5, 1")
    if t[0] <= 0 or (np.diff(t) <= 0).any():
        shown = ", ".join(f"{x:g}" for x in t)
        raise _fault("analyses", f"{shown} do not rise from above 0", "list them in rising order")
    if t[-1] > 1:
        raise _fault("analyses", f"{t[-1]:g} is after the end", "let the last analysis be at 1")
    if t[-1] < 1:
        raise _fault(
            "analyses", f"the last analysis is at {t[-1]:g}", "let the last analysis be at 1"
        )
    return t


def check_errors(alpha: float, sides: int, power: float) -> None:
    """Raise if the error probabilities are not allowed."""
    if sides not in (1, 2):
        raise _fault("sides", f"{sides} is not allowed", "give 1 or 2")
    if not MIN_ERROR <= alpha < 0.5 * sides:
        cure = f"give one from {MIN_ERROR:g} to below {0.5 * sides:g}"
        raise _fault("alpha", f"{alpha} is not allowed", cure)
    if not alpha / sides < power <= 1 - MIN_ERROR:
        cure = f"give one between alpha and {1 - MIN_ERROR:.9f}"
        raise _fault("power", f"{power} is not allowed", cure)


def _fault(field: str, problem: str, cure: str) -> InputError:
    return InputError.of("design", field, problem, cure)
