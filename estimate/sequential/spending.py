"""Error-spending functions of the information fraction.

JT chapter 7. A spending function rises from 0 at t = 0 to the whole error at t = 1 and stays
there for t > 1 (overrunning has nothing more to spend).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from estimate.core.arrays import Floats
from protocol.errors import InputError

Family = Literal["OF", "Pocock", "HSD", "KD", "user"]

#: Families that need a parameter, and what it is called in their papers.
PARAMETERS = {"HSD": "gamma", "KD": "rho"}

#: Range of the parameter; beyond it, all error is spent at one analysis.
LIMITS = {"HSD": (-500.0, 500.0), "KD": (0.01, 50.0)}


@dataclass(frozen=True, slots=True)
class Spending:
    """An error spending function.

    Attributes
    ----------
    family
        ``OF`` and ``Pocock``: Lan KKG, DeMets DL. *Biometrika* 1983;70:659-63. ``HSD``: Hwang IK,
        Shih WJ, DeCani JS. *Stat Med* 1990;9:1439-45. ``KD``: Kim K, DeMets DL. *Biometrika*
        1987;74:149-54 (power family). ``user``: cumulative error given analysis by analysis.
    parameter
        gamma of HSD (any number; negative spends late), rho of KD (> 0); None otherwise.
    cumulative
        Only for ``user``: cumulative alpha spent at each analysis, the last equal to alpha.

    Examples
    --------
    >>> [round(float(a), 7) for a in Spending("OF").spent([1 / 3, 2 / 3, 1], 0.025)]
    [0.0001035, 0.0060484, 0.025]
    """

    family: Family
    parameter: float | None = None
    cumulative: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.family not in get_args(Family):
            known = ", ".join(get_args(Family))
            raise _fault("family", f"{self.family!r} is not known", f"choose one of {known}")
        name = PARAMETERS.get(self.family)
        if name and (self.parameter is None or not np.isfinite(self.parameter)):
            raise _fault(name, f"{self.family} needs it", f"give a number for {name}")
        if name is None and self.parameter is not None:
            raise _fault("parameter", f"{self.family} takes none", "remove it")
        low, high = LIMITS.get(self.family, (0.0, 0.0))
        if name and self.parameter is not None and not low <= self.parameter <= high:
            problem = f"{self.parameter:g} is not allowed"
            raise _fault(name, problem, f"give a number from {low:g} to {high:g}")
        self._check_cumulative()

    def _check_cumulative(self) -> None:
        given = self.cumulative
        if (self.family == "user") != bool(given):
            raise _fault("cumulative", "it is only for the family 'user'", "give both or none")
        if given and (min(given) < 0 or any(np.diff(given) < 0)):
            raise _fault("cumulative", f"{given} falls or is negative", "list rising values from 0")

    def spent(self, t: ArrayLike, error: float) -> Floats:
        """Return the cumulative error spent at information fractions ``t``.

        Parameters
        ----------
        t
            (analysis,) fractions above 0; those above 1 count as 1.
        error
            Whole error to spend: alpha of one side, or beta.
        """
        fraction = np.minimum(np.asarray(t, float), 1.0)
        match self.family:
            case "OF":
                return np.asarray(2 * ndtr(-ndtri(1 - error / 2) / np.sqrt(fraction)))
            case "Pocock":
                return np.asarray(error * np.log1p((np.e - 1) * fraction))
            case "HSD":
                return error * _hwang(fraction, float(self.parameter or 0))
            case "KD":
                return np.asarray(error * fraction ** float(self.parameter or 1))
            case _:
                return self._listed(fraction, error)

    def _listed(self, fraction: Floats, error: float) -> Floats:
        values = np.asarray(self.cumulative)
        if fraction.shape != values.shape:
            problem = f"{values.size} values were given for {fraction.size} analyses"
            raise _fault("cumulative", problem, "give one value per analysis")
        if abs(values[-1] - error) > 1e-12:
            raise _fault("cumulative", f"it ends at {values[-1]}", f"let it end at {error}")
        return values


def _hwang(fraction: Floats, gamma: float) -> Floats:
    """Return (1 - exp(-gamma t)) / (1 - exp(-gamma)), whose limit at gamma = 0 is t."""
    if abs(gamma) < 1e-12:
        return fraction
    return np.asarray(np.expm1(-gamma * fraction) / np.expm1(-gamma))


def _fault(field: str, problem: str, cure: str) -> InputError:
    return InputError.of("spending", field, problem, cure)
