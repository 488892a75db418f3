"""Choice of therapy, source of sperm, ICSI and births as numbers of a scenario."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from estimate.core.arrays import Floats, Ints
from estimate.population.missing_values import MissingFit, fit_missing_values
from estimate.population.ordered_liability import LiabilityFit, Seen, fit_liability
from estimate.regression.firth import fit_firth
from pretese.fitting.estimates.population import DURATION, PopulationFit
from pretese.fitting.table.clinic_patients import ClinicPatients
from protocol.errors import InputError
from simulate.core.coding import DIAGNOSES, HORMONES
from simulate.patients.marginals import score_of
from simulate.patients.therapy_choice import SCORE_LIMIT
from simulate.scenario.scenario_file import Scenario

#: Patients of the smaller arm per coefficient that quadratic, and cubic, terms need.
PER_QUADRATIC, PER_CUBIC = 6, 10

#: Orders of the Hermite polynomials along which therapy may depend on a variable.
ORDERS = ("linear", "quadratic", "cubic")


@dataclass(frozen=True, slots=True)
class ChoiceFit:
    """Log odds of therapy: intercept, (diagnosis,) and (variable, order) coefficients."""

    intercept: float
    diagnosis: Floats
    terms: Floats


def fit_choice(patients: ClinicPatients, population: PopulationFit, randomised: bool) -> ChoiceFit:
    """Model the choice of therapy by Firth's logistic regression on diagnosis and normal scores.

    Patients with all values are used for all but the intercept: means in the place of missing
    values would weaken the terms. Quadratic and cubic terms enter where the smaller arm has
    `PER_QUADRATIC` and `PER_CUBIC` patients per coefficient; otherwise they are 0.
    """
    treated, size = patients.treated, len(population.names)
    diagnoses = np.zeros(len(DIAGNOSES))
    terms = np.zeros((size, len(ORDERS)))
    if randomised:
        return ChoiceFit(float(logit(treated.mean())), diagnoses, terms)
    present = _present(patients.diagnosis)
    orders = _orders(int(min(treated.sum(), (~treated).sum())), 1 + len(present), size)
    z = np.clip(population.scores, -SCORE_LIMIT, SCORE_LIMIT)
    hermite = np.stack([z, z**2 - 1, z**3 - 3 * z], -1)[..., :orders]
    design = np.concatenate(
        [np.ones((patients.size, 1)), _dummies(patients.diagnosis, present, patients.size),
         hermite.reshape(patients.size, -1)], 1,
    )  # fmt: skip
    coef = fit_firth(design, treated.astype(float), population.complete.astype(float)).coef
    if not np.isfinite(coef).all():
        problem = "columns repeat each other, or too few patients are complete"
        raise InputError.of(patients.name, "", problem, "leave one of the columns out of the map")
    coef[0] = _intercept(design[:, 1:] @ coef[1:], float(treated.mean()))
    diagnoses[present] = coef[1 : 1 + len(present)]
    terms[:, :orders] = coef[1 + len(present) :].reshape(size, orders)
    return ChoiceFit(float(coef[0]), diagnoses, terms)


def _intercept(predictor: Floats, share: float) -> float:
    """Return the intercept that matches the proportion treated among all patients."""

    def excess(intercept: float) -> float:
        return float(expit(intercept + predictor).mean()) - share

    reach = 30 + float(np.abs(predictor).max())
    return float(brentq(excess, -reach, reach))


def _orders(smaller_arm: int, fixed: int, size: int) -> int:
    if smaller_arm >= PER_CUBIC * (fixed + 3 * size):
        return 3
    return 2 if smaller_arm >= PER_QUADRATIC * (fixed + 2 * size) else 1


def _present(diagnosis: Ints | None) -> Ints:
    """Return the diagnoses other than the reference that occur."""
    return np.zeros(0, int) if diagnosis is None else np.setdiff1d(np.unique(diagnosis), [0])


def _dummies(diagnosis: Ints | None, present: Ints, size: int) -> Floats:
    if diagnosis is None:
        return np.zeros((size, 0))
    return np.asarray(diagnosis[:, None] == present, float)


@dataclass(frozen=True, slots=True)
class SpermFit:
    """Source of sperm: levels and upper limits of diagnoses, prognosis, effects of therapy.

    ``long_infertility`` is None where durations are not recorded.
    """

    levels: Floats
    prognosis: dict[str, float]
    direct: float
    long_infertility: float | None
    upper: Floats
    converged: bool
    start: Floats


def fit_sperm(
    patients: ClinicPatients, population: PopulationFit, base: Scenario, start: Floats | None = None
) -> SpermFit:
    """Return the liability that determines the source of sperm (`ordered_liability`)."""
    group = np.zeros(patients.size, int) if patients.diagnosis is None else patients.diagnosis
    prognosis = [n for n in base.spermatogenesis.prognosis if n in population.names]
    design = _liability_columns(patients, population, base, group, prognosis)
    fit: LiabilityFit = fit_liability(design, _seen(patients), group, len(DIAGNOSES), start)
    levels, rest = fit.coef[: len(DIAGNOSES)], fit.coef[len(DIAGNOSES) :]
    if patients.diagnosis is None:
        levels = np.repeat(levels[:1], len(DIAGNOSES))
    upper = (
        fit.upper if patients.diagnosis is not None else np.repeat(fit.upper[:1], len(fit.upper))
    )
    return SpermFit(
        levels=levels,
        prognosis=dict(zip(prognosis, map(float, rest), strict=False)),
        direct=float(rest[len(prognosis)]),
        long_infertility=float(rest[-1]) if DURATION in population.names else None,
        upper=upper,
        converged=fit.converged,
        start=np.concatenate([fit.coef, np.log(fit.upper)]),
    )


def _liability_columns(
    patients: ClinicPatients, population: PopulationFit, base: Scenario, group: Ints,
    prognosis: list[str],
) -> Floats:  # fmt: skip
    """Return diagnosis, prognosis from its centres, therapy, and therapy in long infertility."""
    model = base.spermatogenesis
    treated = patients.treated[:, None]
    columns = [
        group[:, None] == np.arange(len(DIAGNOSES)),
        *((population.values(n) - model.prognosis[n].centre.value)[:, None] for n in prognosis),
        treated,
    ]
    if DURATION in population.names:
        limit = model.treatment.long_infertility_over_years.value
        columns.append(treated * _share_longer(patients, population, limit)[:, None])
    return np.concatenate(columns, 1).astype(float)


def _share_longer(patients: ClinicPatients, population: PopulationFit, limit: float) -> Floats:
    """Return the probability that each duration exceeded a limit before it was rounded."""
    years, half = patients.numbers[DURATION], population.marginals[DURATION].step / 2
    model = population.models[DURATION]
    rank = [ndtr(score_of(model, each)) for each in (years - half, years + half)]
    middle = np.clip(ndtr(score_of(model, np.array(limit))), rank[0], rank[1])
    width = rank[1] - rank[0]
    inside = (rank[1] - middle) / np.where(width > 0, width, 1.0)
    longer = np.where(width > 0, inside, years > limit)
    return np.nan_to_num(longer, nan=0.0)


def _seen(patients: ClinicPatients) -> Ints:
    """Return the limits between which each patient's liability was observed to lie."""
    nothing = np.full(patients.size, np.nan)
    retrieved = patients.flags.get("sperm_retrieved", nothing)
    ejaculate = patients.flags.get("sperm_in_ejaculate", nothing)
    treated = patients.treated
    seen = np.full(patients.size, int(Seen.UNKNOWN))
    seen[retrieved == 0] = Seen.BELOW
    seen[retrieved == 1] = Seen.POSITIVE
    seen[treated & (ejaculate == 0) & (retrieved == 1)] = Seen.BETWEEN
    seen[treated & (ejaculate == 0) & np.isnan(retrieved)] = Seen.NOT_ABOVE
    seen[treated & (ejaculate == 1)] = Seen.ABOVE
    seen[~treated & (ejaculate == 1)] = Seen.POSITIVE
    return seen


def fit_missing(patients: ClinicPatients) -> tuple[tuple[str, ...], MissingFit] | None:
    """Return the hormones that are recorded, and how their values go missing."""
    names = tuple(name for name in HORMONES if name in patients.numbers)
    if not names:
        return None
    lost = np.stack([np.isnan(patients.numbers[name]) for name in names], -1)
    flags = np.stack([patients.treated, sperm_found(patients)], -1)
    return names, fit_missing_values(lost, flags)


def sperm_found(patients: ClinicPatients) -> Floats:
    """Return whether sperm was found in either source; without an examination, it was not."""
    nothing = np.zeros(patients.size)
    found = [patients.flags.get(n, nothing) for n in ("sperm_retrieved", "sperm_in_ejaculate")]
    return np.asarray((found[0] == 1) | (found[1] == 1))


def willing_share(patients: ClinicPatients, base: Scenario) -> float | None:
    """Return the proportion of patients with sperm who choose ICSI, thawing failures excluded."""
    icsi = patients.flags.get("icsi")
    if icsi is None:
        return None
    asked = sperm_found(patients).astype(bool) & np.isfinite(icsi)
    if not asked.any():
        return None
    testicular = asked & (patients.flags.get("sperm_in_ejaculate", 0 * icsi) != 1)
    thawed = base.surgery.frozen_share.value * base.surgery.thaw_failure.value
    lost = thawed * testicular.sum() / asked.sum()
    return float(min(1.0, icsi[asked].mean() / (1 - lost)))


def birth_share(patients: ClinicPatients) -> tuple[int, int] | None:
    """Return live births and couples with ICSI whose result is known."""
    icsi, birth = patients.flags.get("icsi"), patients.flags.get("live_birth")
    if icsi is None or birth is None:
        return None
    known = (icsi == 1) & np.isfinite(birth)
    return (int((birth[known] == 1).sum()), int(known.sum())) if known.any() else None
