"""Poisson recruitment with time-varying rates at sites that open over time.

Time is months of 30 days elapsed since the trial opened, from 0. A rate may be constant, change in
steps, or ramp; a site recruits from its opening to its closing. Arrivals are an exact Poisson
process, by inversion of the cumulative rate at a unit-rate process; patients of two designs with
common random streams arrive in the same order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.errors import Fault, InputError

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Site:
    """Recruitment at one site.

    Attributes
    ----------
    months
        Knots, rising; recruitment starts at the first. The first is the opening of the site.
    patients_per_month
        Rate from each knot on; with ``ramp`` the rate at each knot, linear between.
    ramp
        Whether the rate changes linearly between knots; after the last it is constant.

    Examples
    --------
    A site that opens in month 2 and takes four months to reach 3 patients a month:

    >>> site = Site(months=(2.0, 6.0), patients_per_month=(0.0, 3.0), ramp=True)
    """

    months: tuple[float, ...]
    patients_per_month: tuple[float, ...]
    ramp: bool = False

    def __post_init__(self) -> None:
        faults = []
        if len(self.months) != len(self.patients_per_month) or not self.months:
            problem = f"{len(self.months)} were given with {len(self.patients_per_month)} rates"
            faults.append(_fault("months", problem, "give one rate per knot"))
        knots = np.asarray(self.months, float)
        if not np.isfinite(knots).all() or (knots < 0).any() or (np.diff(knots) <= 0).any():
            faults.append(_fault("months", f"{self.months} do not rise from 0", "sort them"))
        rates = np.asarray(self.patients_per_month, float)
        if not np.isfinite(rates).all() or (rates < 0).any():
            problem = f"{self.patients_per_month} holds a rate below 0"
            faults.append(_fault("patients_per_month", problem, "give rates from 0"))
        elif not (rates > 0).any():
            faults.append(
                _fault("patients_per_month", "the site never opens", "give a rate above 0")
            )
        if faults:
            raise InputError(faults)


@dataclass(frozen=True, slots=True)
class Recruitment:
    """Rates of all sites on common knots: on piece j a rate is linear from start to end.

    Attributes
    ----------
    months
        (piece,) starts of pieces, the first at 0; the last piece is unbounded.
    start, end
        (site, piece) patients per month at both ends of each piece; equal on the last.
    """

    months: Floats
    start: Floats
    end: Floats

    @property
    def sites(self) -> int:
        """Number of sites."""
        return int(self.start.shape[0])

    def joined(self) -> "Recruitment":
        """Return all sites as one."""
        start, end = (each.sum(0, keepdims=True) for each in (self.start, self.end))
        return Recruitment(self.months, start, end)


def combine(sites: Sequence[Site]) -> Recruitment:
    """Put the rates of several sites on common knots."""
    if len(sites) == 0:
        raise InputError([_fault("sites", "there is none", "give at least one")])
    knots = np.unique(np.concatenate([[0.0], *(site.months for site in sites)]))
    rates = [_rates_on(site, knots) for site in sites]
    return Recruitment(knots, np.stack([r[0] for r in rates]), np.stack([r[1] for r in rates]))


def expected_patients(recruitment: Recruitment, months: ArrayLike) -> Floats:
    """Return the (..., site) patients expected by the end of ``months`` (...).

    Examples
    --------
    >>> one = combine([Site((0.0, 6.0, 12.0), (5.0, 10.0, 20.0))])
    >>> expected_patients(one, [3, 12, 15])[:, 0]
    array([ 15.,  90., 150.])
    """
    t = np.asarray(months, float)[..., None, None]
    ends = np.append(recruitment.months[1:], np.inf)
    length = ends - recruitment.months
    inside = np.clip(t - recruitment.months, 0.0, length)
    finite = np.where(np.isfinite(length), length, 1.0)
    slope = (recruitment.end - recruitment.start) / finite
    return np.asarray((recruitment.start * inside + slope * inside**2 / 2).sum(-1))


def expected_month(recruitment: Recruitment, patients: ArrayLike) -> Floats:
    """Return the (...) months until this many patients are expected over all sites.

    >>> one = combine([Site((0.0, 6.0, 12.0), (5.0, 10.0, 20.0))])
    >>> float(expected_month(one, 200))
    17.5
    """
    wanted = np.atleast_1d(np.asarray(patients, float))
    found = _invert(recruitment, np.ones((1, recruitment.sites)), wanted.reshape(1, -1))
    return np.asarray(found.reshape(np.shape(patients)))


def draw_arrivals(
    recruitment: Recruitment,
    gap_uniform: ArrayLike,
    site_uniform: ArrayLike,
    *,
    site_factor: ArrayLike | None = None,
) -> tuple[Floats, Counts]:
    """Simulate the arrival time and the site of each patient.

    Parameters
    ----------
    recruitment
        Rates of the sites.
    gap_uniform, site_uniform
        (..., patient) uniforms on [0, 1): for the gap before each patient, and for the site.
    site_factor
        (..., site) multipliers of the rates, for example gamma variables of mean 1 (Anisimov VV,
        Fedorov VV. *Stat Med* 2007;26:4958-75); None is 1.

    Returns
    -------
    months, site
        (..., patient) arrival times, rising, and sites numbered from 0. If all rates end at 0
        before the last patient, the remaining patients arrive at infinity, at site 0: the trial
        cannot complete recruitment.

    Examples
    --------
    >>> months, site = draw_arrivals(combine([Site((0.0,), (2.0,))]), [0.5, 0.5], [0.1, 0.9])
    >>> [round(float(t), 4) for t in months]            # gaps of log(2) / 2
    [0.3466, 0.6931]
    """
    gap, where = np.broadcast_arrays(
        np.asarray(gap_uniform, float), np.asarray(site_uniform, float)
    )
    lead, patients = gap.shape[:-1], gap.shape[-1]
    factor = np.ones(recruitment.sites) if site_factor is None else np.asarray(site_factor, float)
    if (factor < 0).any() or factor.shape[-1] != recruitment.sites:
        problem = "there is not one factor from 0 per site"
        raise InputError([_fault("site_factor", problem, "give (..., site) factors")])
    factor = np.broadcast_to(factor, (*lead, recruitment.sites)).reshape(-1, recruitment.sites)
    unit = np.cumsum(-np.log1p(-gap.reshape(-1, patients)), axis=1)
    months = _invert(recruitment, factor, unit)
    site = _choose_site(recruitment, factor, months, where.reshape(-1, patients))
    return months.reshape(gap.shape), site.reshape(gap.shape)


def _rates_on(site: Site, knots: Floats) -> tuple[Floats, Floats]:
    """Return a site's rates at both ends of every piece between common knots."""
    own, rates = np.asarray(site.months, float), np.asarray(site.patients_per_month, float)
    piece = np.searchsorted(own, knots, side="right") - 1  # -1 before the site opens
    if not site.ramp:
        level = np.where(piece >= 0, rates[np.maximum(piece, 0)], 0.0)
        return level, level
    at = np.interp(knots, own, rates)
    start = np.where(piece >= 0, at, 0.0)
    # A piece that ends at the opening of the site ends at 0, regardless of the opening rate.
    end = np.where(piece >= 0, np.append(at[1:], at[-1]), 0.0)
    return start, end


def _invert(recruitment: Recruitment, factor: Floats, patients: Floats) -> Floats:
    """Return (replicate, patient) times at which ``patients`` are expected over all sites."""
    start, end = factor @ recruitment.start, factor @ recruitment.end
    length = np.diff(recruitment.months)
    heap = np.cumsum((start[:, :-1] + end[:, :-1]) / 2 * length, axis=1)
    heap = np.concatenate([np.zeros((len(heap), 1)), heap], axis=1)
    piece = np.zeros(patients.shape, np.int64)
    for j in range(1, recruitment.months.size):
        piece += patients > heap[:, j, None]
    left = patients - np.take_along_axis(heap, piece, 1)
    rate = np.take_along_axis(start, piece, 1)
    span = np.append(length, 1.0)
    slope = np.take_along_axis((end - start) / span, piece, 1)
    # rate x + slope x^2 / 2 = left, in the form that is stable as the slope goes to 0
    root = np.sqrt(np.maximum(rate**2 + 2 * slope * left, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(left > 0, 2 * left / (rate + root), 0.0)
    return np.asarray(recruitment.months[piece] + step)


def _choose_site(
    recruitment: Recruitment, factor: Floats, months: Floats, streams: Floats
) -> Counts:
    """Choose each patient's site with probabilities proportional to the rates at arrival."""
    finite = np.where(np.isfinite(months), months, 0.0)
    piece = np.searchsorted(recruitment.months, finite, side="right") - 1
    length = np.append(np.diff(recruitment.months), 1.0)
    part = np.minimum((finite - recruitment.months[piece]) / length[piece], 1.0)
    site, passed = np.zeros(months.shape, np.int64), np.zeros(months.shape)
    rates = [
        factor[:, s, None]
        * (recruitment.start[s][piece] * (1 - part) + recruitment.end[s][piece] * part)
        for s in range(recruitment.sites)
    ]
    goal = streams * sum(rates)
    for rate in rates[:-1]:
        passed = passed + rate
        site += goal >= passed
    return np.where(np.isfinite(months), site, 0)


def _fault(field: str, problem: str, cure: str) -> Fault:
    return Fault("recruitment", field, problem, cure)
