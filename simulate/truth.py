"""True effects in a cohort: principal strata, and the effect for each estimand.

Both potential outcomes of every patient are known, so that the effect in a sample is counted, not
estimated; the effect in the population is computed from a large simulation, with its Monte Carlo
error. Each estimand is a fixed group of patients (or weights that do not depend on what therapy
does to them), an outcome, and the contrast of all of them treated with all of them untreated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.cohort.births import births_of
from simulate.cohort.draw import Cohort, draw_cohort
from simulate.core.coding import DIAGNOSES
from simulate.core.random_streams import CHUNK
from simulate.endpoints import ENDPOINTS, Endpoint, potential_outcomes
from simulate.scenario.scenario_file import Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Patients simulated at a time for true effects in the population.
BLOCK_PATIENTS = 16 * CHUNK

SCALES = ("risk_difference", "risk_ratio", "odds_ratio")


#: Principal strata: two partitions of all patients.
BY_SURGERY = (
    "always_operated",
    "spared_by_therapy",
    "operated_through_therapy",
    "never_operated",
)
BY_SPERM = ("always_sperm", "helped", "harmed", "never_sperm")


@dataclass(frozen=True, slots=True)
class Estimand:
    """An outcome in a group of patients; ``weight`` is each patient's weight in the group."""

    key: str
    outcome: str
    words: str
    weight: Callable[[Cohort], Floats]


def _everyone(cohort: Cohort) -> Floats:
    return np.ones(cohort.gonadotropin_therapy.shape)


def _always_operated(cohort: Cohort) -> Floats:
    untreated, treated = cohort.paths
    return (untreated.micro_tese & treated.micro_tese).astype(float)


def _long_infertility(cohort: Cohort) -> Floats:
    """Select by the recorded duration, which is available to an analyst."""
    return _longer(cohort, cohort.baseline["infertility_duration_years"])


def _exactly_long_infertility(cohort: Cohort) -> Floats:
    """Select by the true duration, which determines the effect of therapy."""
    return _longer(cohort, cohort.patients.baseline["infertility_duration_years"])


def _longer(cohort: Cohort, years: Floats) -> Floats:
    limit = cohort.scenario.spermatogenesis.treatment.long_infertility_over_years.value
    return (years > limit).astype(float)


def _diagnosed(name: str) -> Callable[[Cohort], Floats]:
    code = DIAGNOSES.index(name)
    return lambda cohort: (cohort.patients.diagnosis == code).astype(float)


def _whole(endpoint: Endpoint) -> Estimand:
    """Return the effect on an endpoint in all patients in whom it is defined in either arm."""
    if endpoint.defined_in == "operated":
        words = "retrieved, patients operated on under both arms (principal stratum)"
        return Estimand(f"{endpoint.name}.always_operated", endpoint.name, words, _always_operated)
    words = f"{endpoint.label}, all patients"
    return Estimand(f"{endpoint.name}.everyone", endpoint.name, words, _everyone)


ESTIMANDS: tuple[Estimand, ...] = (
    Estimand("any_sperm.everyone", "any_sperm", "any sperm, all patients (ATE)", _everyone),
    Estimand(
        "any_sperm.treated", "any_sperm", "any sperm, patients who choose therapy (ATT)",
        lambda cohort: cohort.propensity,
    ),
    Estimand(
        "any_sperm.untreated", "any_sperm", "any sperm, patients who decline therapy (ATC)",
        lambda cohort: 1 - cohort.propensity,
    ),
    Estimand(
        "any_sperm.overlap", "any_sperm", "any sperm, overlap population (ATO)",
        lambda cohort: cohort.propensity * (1 - cohort.propensity),
    ),
    Estimand(
        "any_sperm.long_infertility", "any_sperm", "any sperm, long infertility as recorded",
        _long_infertility,
    ),
    Estimand(
        "any_sperm.short_infertility", "any_sperm", "any sperm, short infertility as recorded",
        lambda cohort: 1 - _long_infertility(cohort),
    ),
    Estimand(
        "any_sperm.exact_long_infertility", "any_sperm", "any sperm, long infertility, exact",
        _exactly_long_infertility,
    ),
    Estimand(
        "any_sperm.exact_short_infertility", "any_sperm", "any sperm, short infertility, exact",
        lambda cohort: 1 - _exactly_long_infertility(cohort),
    ),
    *(
        Estimand(f"any_sperm.{name}", "any_sperm", f"any sperm, {name}", _diagnosed(name))
        for name in DIAGNOSES
    ),
    *(_whole(each) for each in ENDPOINTS.values() if each.name != "any_sperm"),
)  # fmt: skip


def estimands_of(scenario: Scenario) -> tuple[Estimand, ...]:
    """Return every estimand of a scenario: those of `ESTIMANDS`, and any sperm at each site."""
    return (*ESTIMANDS, *(_at_site(code, name) for code, name in enumerate(scenario.sites)))


def _at_site(code: int, name: str) -> Estimand:
    def weight(cohort: Cohort) -> Floats:
        sites = cohort.patients.sites
        return _everyone(cohort) if sites is None else (sites.code == code).astype(float)

    return Estimand(f"any_sperm.site.{name}", "any_sperm", f"any sperm, site {name}", weight)


@dataclass(frozen=True, slots=True)
class Effect:
    """True risks and their contrasts; arrays of shape (replicate,), or 0-dimensional.

    Standard errors are Monte Carlo errors, for ratios on the log scale. They are NaN for a sample,
    whose effects are exact.
    """

    risk_untreated: Floats
    risk_treated: Floats
    risk_difference: Floats
    risk_ratio: Floats
    odds_ratio: Floats
    risk_difference_se: Floats
    log_risk_ratio_se: Floats
    log_odds_ratio_se: Floats


def sample_effects(
    cohort: Cohort, estimands: tuple[Estimand, ...] = ESTIMANDS
) -> dict[str, Effect]:
    """Return every estimand in every replicate (SATE and the like): exact, shape (replicate,)."""
    cells = _cells(cohort, estimands, axis=-1)
    return {key: _effect(*each, exact=True) for key, each in cells.items()}


def population_effects(
    scenario: Scenario,
    seed: int,
    patients: int = 2_000_000,
    estimands: tuple[Estimand, ...] | None = None,
) -> dict[str, Effect]:
    """Return every estimand in the population (PATE and the like) from a large draw, with its SE.

    Parameters
    ----------
    patients
        Patients simulated, in blocks of at most `BLOCK_PATIENTS`.
    estimands
        None takes those of `estimands_of`.
    """
    asked = estimands_of(scenario) if estimands is None else estimands
    total: dict[str, tuple[Floats, Floats]] = {}
    for block, begin in enumerate(range(0, patients, BLOCK_PATIENTS)):
        size = min(BLOCK_PATIENTS, patients - begin)
        cohort = draw_cohort(scenario, seed, first=block, patients=size)
        for key, (mass, square) in _cells(cohort, asked, axis=None).items():
            before = total.get(key, (np.zeros(()), np.zeros(())))
            total[key] = before[0] + mass, before[1] + square
    return {key: _effect(*each, exact=False) for key, each in total.items()}


def truth_table(
    effects: Mapping[str, Effect], estimands: tuple[Estimand, ...] = ESTIMANDS
) -> pd.DataFrame:
    """Return population effects as a table: a row per estimand and scale, with its SE."""
    words = {each.key: each.words for each in estimands}
    rows = [
        {
            "estimand": key,
            "meaning": words.get(key, key),
            "scale": scale.replace("_", " "),
            "risk_untreated": float(effect.risk_untreated),
            "risk_treated": float(effect.risk_treated),
            "truth": float(getattr(effect, scale)),
            "mcse": float(getattr(effect, _SE[scale])),
        }
        for key, effect in effects.items()
        for scale in SCALES
    ]
    return pd.DataFrame(rows)


#: Standard error of each scale; for ratios on the log scale.
_SE = {
    "risk_difference": "risk_difference_se",
    "risk_ratio": "log_risk_ratio_se",
    "odds_ratio": "log_odds_ratio_se",
}


def principal_strata(cohort: Cohort) -> dict[str, Flags]:
    """Return membership of the principal strata, each of shape (replicate, patient).

    By surgery: operated on under both arms, only if untreated, only if treated, never. By sperm
    from any source: under both arms, only if treated, only if untreated, never. Each of the two
    partitions contains every patient once.
    """
    without, with_therapy = cohort.paths
    operated = without.micro_tese, with_therapy.micro_tese
    sperm = without.any_sperm, with_therapy.any_sperm
    return {
        "always_operated": operated[0] & operated[1],
        "spared_by_therapy": operated[0] & ~operated[1],
        "operated_through_therapy": ~operated[0] & operated[1],
        "never_operated": ~operated[0] & ~operated[1],
        "always_sperm": sperm[0] & sperm[1],
        "helped": ~sperm[0] & sperm[1],
        "harmed": sperm[0] & ~sperm[1],
        "never_sperm": ~sperm[0] & ~sperm[1],
    }


def _cells(
    cohort: Cohort, estimands: tuple[Estimand, ...], axis: int | None
) -> dict[str, tuple[Floats, Floats]]:
    """Sum weights and their squares over the four pairs of potential outcomes.

    Each has shape (4, replicate), or (4,) with ``axis`` None; pairs count as 2·untreated + treated.
    """
    names = {each.outcome for each in estimands}
    births = births_of(cohort) if any(ENDPOINTS[name].needs_births for name in names) else None
    outcomes = {name: potential_outcomes(cohort, name, births) for name in names}
    pairs = {
        name: [(low == bool(i >> 1)) & (high == bool(i & 1)) for i in range(4)]
        for name, (low, high) in outcomes.items()
    }
    sums = {}
    for each in estimands:
        weight = each.weight(cohort)
        mass = np.stack([(weight * pair).sum(axis) for pair in pairs[each.outcome]])
        square = np.stack([(weight**2 * pair).sum(axis) for pair in pairs[each.outcome]])
        sums[each.key] = mass, square
    return sums


def _effect(mass: Floats, square: Floats, exact: bool) -> Effect:
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = mass.sum(axis=0)
        low, high = (mass[2] + mass[3]) / whole, (mass[1] + mass[3]) / whole
        # Contribution of one patient to the variance of a contrast, by the delta method, for each
        # pair.
        y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float).T
        shape = (4,) + (1,) * low.ndim
        off_low, off_high = y[0].reshape(shape) - low, y[1].reshape(shape) - high

        def error(from_low: Floats, from_high: Floats) -> Floats:
            part = off_high * from_high - off_low * from_low
            size = np.sqrt((square * part**2).sum(axis=0)) / whole
            return np.full_like(size, np.nan) if exact else size

        one = np.ones_like(low)
        return Effect(
            risk_untreated=low,
            risk_treated=high,
            risk_difference=high - low,
            risk_ratio=high / low,
            odds_ratio=high * (1 - low) / (low * (1 - high)),
            risk_difference_se=error(one, one),
            log_risk_ratio_se=error(1 / low, 1 / high),
            log_odds_ratio_se=error(1 / (low * (1 - low)), 1 / (high * (1 - high))),
        )
