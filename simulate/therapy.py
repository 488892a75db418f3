"""A man under a regimen: month by month the rule decides from measured FSH, the body answers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.errors import InputError
from protocol.regimen import Phase, Regimen
from simulate.hormones import MONTHS, Traits, drive, pituitary
from simulate.lookup import NO_ANSWER, answers, lookup
from simulate.measurement import rounded
from simulate.population import Men
from simulate.scenario import Physiology

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]

DAYS_PER_WEEK = 7


@dataclass(frozen=True, slots=True)
class Course:
    """What a regimen does to the men; arrays of shape (replicate, man), or (month, replicate, man).

    Attributes
    ----------
    regimen
        The regimen followed.
    phase
        Phase of months 1 to 3, as codes along ``regimen.phases``.
    stimulus
        Stimulus by hCG at the start and at the end of months 1 to 3 (four entries), from 0 to 1.
    fsh_iu_l
        True serum FSH in IU/L, uFSH included, at the same four times.
    measured_fsh_iu_l
        What the laboratory reports at the end of months 1 to 3.
    share_treated
        Share of the three months with any injection.
    fsh_normalised
        Whether FSH was measured within the normal range at the end of any month.
    """

    regimen: Regimen
    phase: Codes
    stimulus: Floats
    fsh_iu_l: Floats
    measured_fsh_iu_l: Floats
    share_treated: Floats
    fsh_normalised: Flags


def follow(
    regimen: Regimen, model: Physiology, men: Men, traits: Traits, fsh_step_iu_l: float
) -> Course:
    """Take every man through three months of a regimen, by the same table that decides for one.

    Parameters
    ----------
    fsh_step_iu_l
        The laboratory reports FSH in whole multiples of this; the decision sees the report.
    """
    shape = men.diagnosis.shape
    fsh_before_therapy = men.baseline["fsh_iu_l"]
    doses = _doses_iu_week(regimen)
    injected = model.fsh_rise_per_ufsh_iu_week.value * doses["ufsh"]
    floor = model.suppressed_fsh_iu_l.value
    phase = np.empty((MONTHS, *shape), np.int8)
    stimulus = np.zeros((MONTHS + 1, *shape))
    fsh = np.empty((MONTHS + 1, *shape))
    measured = np.empty((MONTHS, *shape))
    fsh[0] = fsh_before_therapy
    for month in range(MONTHS):
        phase[month] = _decide(regimen, month, phase, measured)
        target = drive(model, doses["hcg"][phase[month]])
        stimulus[month + 1] = stimulus[month] + model.response_per_month.value * (
            target - stimulus[month]
        )
        fsh[month + 1] = pituitary(fsh_before_therapy, floor, stimulus[month + 1], traits)
        fsh[month + 1] += injected[phase[month]]
        measured[month] = rounded(fsh[month + 1] * traits.assay[..., month], fsh_step_iu_l)
    treated = np.array([bool(each.orders) for each in regimen.phases])
    low, high = model.normal_fsh_low_iu_l.value, model.normal_fsh_high_iu_l.value
    normal = np.asarray(((measured >= low) & (measured <= high)).any(axis=0))
    return Course(
        regimen=regimen,
        phase=phase,
        stimulus=stimulus,
        fsh_iu_l=fsh,
        measured_fsh_iu_l=measured,
        share_treated=treated[phase].mean(axis=0),
        fsh_normalised=normal,
    )


def testosterone_nmol_l(men: Men, traits: Traits, course: Course) -> Floats:
    """Return true testosterone at the start and the ends of months 1 to 3, shape (4, R, man)."""
    return men.baseline["testosterone_nmol_l"] * testosterone_ratio(traits, course.stimulus)


def testosterone_ratio(traits: Traits, stimulus: Floats) -> Floats:
    """Return testosterone as a multiple of the man's baseline at a stimulus."""
    return 1 + (traits.testosterone_gain - 1) * stimulus


def estradiol_pmol_l(model: Physiology, men: Men, testosterone: Floats) -> Floats:
    """Return true estradiol, which follows testosterone through aromatase, shape (4, R, man)."""
    ratio = testosterone / testosterone[0]
    estradiol: Floats = (
        men.baseline["estradiol_pmol_l"] * ratio**model.estradiol_per_testosterone_exponent.value
    )
    return estradiol


def lh_iu_l(model: Physiology, men: Men, traits: Traits, course: Course) -> Floats:
    """Return true LH, which no assay confuses with hCG here, shape (4, R, man)."""
    floor = model.suppressed_lh_iu_l.value
    return pituitary(men.baseline["lh_iu_l"], floor, course.stimulus, traits)


def _decide(regimen: Regimen, month: int, phase: Codes, measured: Floats) -> Codes:
    """Look the phase of a month up; ``month`` counts from 0 here and from 1 in the table."""
    table = regimen.tables["phase"]
    axes = {axis.name: axis for axis in table.proved.axes}
    shape = phase.shape[1:]
    columns: dict[str, ArrayLike] = {"month": month + 1}
    if "phase_before" in axes:
        names = axes["phase_before"].values
        before = _codes_in(names, regimen.phases)
        columns["phase_before"] = before[phase[month - 1]] if month else names.index("none")
    if "fsh_iu_l" in axes:  # an assay reports no more than the end of its range
        highest = axes["fsh_iu_l"].high
        columns["fsh_iu_l"] = (
            np.minimum(measured[month - 1], highest) if month else np.full(shape, np.nan)
        )
    rules = lookup(table.proved, {name: columns[name] for name in axes})
    phase_of_rule = answers(table, [phase.name for phase in regimen.phases])
    chosen: Codes = phase_of_rule.astype(np.int8)[rules]
    if (chosen == NO_ANSWER).any():
        silent = table.rules[int(rules.ravel()[chosen.ravel().argmin()])]
        raise InputError.of(
            regimen.id,
            f"tables.phase.{silent.id}",
            f"it leaves simulated men without a phase in month {month + 1}",
            "simulate a regimen whose phase table answers whenever FSH is known",
        )
    return chosen


def _codes_in(names: tuple[str, ...], phases: tuple[Phase, ...]) -> NDArray[np.intp]:
    return np.array([names.index(phase.name) for phase in phases])


def _doses_iu_week(regimen: Regimen) -> Mapping[str, Floats]:
    """Return the weekly dose of each drug in each phase, in IU."""
    weekly = {drug: np.zeros(len(regimen.phases)) for drug in ("hcg", "ufsh", *regimen.drugs)}
    for phase in regimen.phases:
        for order in phase.orders:
            weekly[order.drug][phase.code] += order.dose_iu * DAYS_PER_WEEK / order.interval_days
    return weekly
