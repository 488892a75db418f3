"""Probability of a birth per transfer, chosen to match the births of a table."""

from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from estimate.comparison.proportion import wilson_interval
from protocol.errors import InputError
from simulate.cohort.births import births_of
from simulate.cohort.draw import Cohort, draw_cohort
from simulate.scenario.parameter_paths import with_values
from simulate.scenario.scenario_file import Scenario

PATH = "fertility.transfer_intercept"

#: Patients simulated, and the range of log odds that is searched.
PATIENTS = 20_000
RANGE = (-8.0, 8.0)


def fit_births(
    scenario: Scenario, births: int, couples: int, seed: int
) -> tuple[float, tuple[float, float]]:
    """Return the number at `PATH` with its 95 % interval.

    The share of couples with a birth among those with ICSI is matched by simulation, at the
    observed share and at both ends of its Wilson interval.

    Raises
    ------
    InputError
        No chance per transfer gives the share: it is 0, or more than embryos allow.
    """
    cohort = draw_cohort(scenario, seed, patients=PATIENTS)
    low, high = (float(each) for each in wilson_interval(births, couples))
    value = _solve(cohort, births / couples)
    return value, (_solve(cohort, low, clip=True), _solve(cohort, high, clip=True))


def _solve(cohort: Cohort, wanted: float, *, clip: bool = False) -> float:
    """Return the log odds at which the share is reached; with ``clip`` an end of the range."""
    ends = [_share(cohort, at) - wanted for at in RANGE]
    if ends[0] < 0 < ends[1]:
        return float(brentq(lambda at: _share(cohort, at) - wanted, *RANGE, xtol=1e-3))
    if clip:
        return RANGE[0] if ends[0] >= 0 else RANGE[1]
    problem = f"{100 * wanted:.1f} % of couples with ICSI had a birth, which no scenario gives"
    raise InputError.of("live_birth", "", problem, "leave the column out of the map")


def _share(cohort: Cohort, value: float) -> float:
    """Return the share of couples with a birth among those with ICSI."""
    changed = replace(cohort, scenario=with_values(cohort.scenario, {PATH: value}, "fit"))
    along = births_of(changed)
    icsi = cohort.in_chosen_arm(along[0].icsi, along[1].icsi)
    born = cohort.in_chosen_arm(along[0].delivered, along[1].delivered)
    return float(born[icsi].mean()) if np.any(icsi) else 0.0
