"""Hormones of one patient at any hour, by the mechanism that gives the month-end values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from protocol.regimen.rules import Regimen
from simulate.cohort.draw import Cohort
from simulate.core.coding import ARMS
from simulate.hormones.drugs import HCG, UFSH, actions
from simulate.hormones.pharmacology import (
    HOURS_PER_DAY,
    STEPS_PER_DAY,
    Injections,
    activity,
    concentration,
    injections_of_drug,
    leydig_injections,
    month_hours,
    reference_activity,
)
from simulate.hormones.serum import testosterone_ratio
from simulate.hormones.traits import MONTHS, draw_kinetics

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curves:
    """The hourly course of a patient; arrays of shape (time,).

    ``day`` counts from 0 at the start of therapy, at every cell edge of the grid. ``fsh_iu_l`` is
    total serum FSH: endogenous (``own_fsh_iu_l``) plus ``injected_fsh_iu_l``. ``injections`` holds
    the injections taken, by drug; ``phases`` the name of each month's phase; ``measured_fsh_iu_l``
    the result reported at the end of each month.
    """

    day: Floats
    hcg_iu_l: Floats
    injected_fsh_iu_l: Floats
    own_fsh_iu_l: Floats
    fsh_iu_l: Floats
    lh_iu_l: Floats
    testosterone_nmol_l: Floats
    estradiol_pmol_l: Floats
    injections: dict[str, Injections]
    phases: tuple[str, ...]
    measured_fsh_iu_l: tuple[float, ...]


def curves(cohort: Cohort, patient: int, replicate: int = 0, arm: str = "treated") -> Curves:
    """Return the hormones of one patient along one arm, from day 0 to the end of therapy.

    Parameters
    ----------
    patient
        Position of the patient in the cohort, counted from 0.
    """
    here = replicate, patient
    model, traits = cohort.scenario.physiology, cohort.traits
    course = cohort.paths[ARMS.index(arm)].course
    phases = tuple(int(code) for code in course.phase[:, replicate, patient])
    injections = {
        drug: _given(cohort, here, arm, injections_of_drug(course.regimen, phases, drug))
        for drug in _drugs(course.regimen)
    }
    leydig = _given(cohort, here, arm, leydig_injections(course.regimen, phases, actions(model)))
    steps = MONTHS * MONTH_DAYS * STEPS_PER_DAY
    hours = np.linspace(0, MONTHS * MONTH_DAYS * HOURS_PER_DAY, steps + 1)
    own_hcg = [float(each[here]) for each in draw_kinetics(model.hcg, cohort.streams, HCG)]
    stimulus = _stimulus(cohort, leydig)
    baseline = {name: float(values[here]) for name, values in cohort.patients.baseline.items()}
    ratio = testosterone_ratio(
        model,
        np.asarray(baseline["testosterone_nmol_l"]),
        replace(traits, leydig_stimulation=traits.leydig_stimulation[here]),
        activity(model, hours, leydig),
    )
    injected = _injected_fsh(cohort, here, hours, injections)
    floors = {"fsh_iu_l": model.suppressed_fsh_iu_l, "lh_iu_l": model.suppressed_lh_iu_l}
    own_fsh, lh = (
        _withdrawn(cohort, here, baseline[name], floor.value, stimulus)
        for name, floor in floors.items()
    )
    exponent = model.estradiol_per_testosterone_exponent.value
    return Curves(
        day=hours / HOURS_PER_DAY,
        hcg_iu_l=concentration(model.hcg, hours, injections[HCG], *own_hcg),
        injected_fsh_iu_l=injected,
        own_fsh_iu_l=own_fsh,
        fsh_iu_l=own_fsh + injected,
        lh_iu_l=lh,
        testosterone_nmol_l=baseline["testosterone_nmol_l"] * ratio,
        estradiol_pmol_l=baseline["estradiol_pmol_l"] * ratio**exponent,
        injections=injections,
        phases=tuple(course.regimen.phases[code].name for code in phases),
        measured_fsh_iu_l=tuple(float(x) for x in course.measured_fsh_iu_l[:, replicate, patient]),
    )


def _drugs(regimen: Regimen) -> tuple[str, ...]:
    """Return the drugs whose curves are drawn: hCG and uFSH, or hCG and those of the regimen."""
    usual = set(regimen.drugs) <= {HCG, UFSH}
    return tuple(dict.fromkeys((HCG, UFSH) if usual else (HCG, *regimen.drugs)))


def _withdrawn(
    cohort: Cohort, here: tuple[int, int], baseline: float, floor: float, stimulus: Floats
) -> Floats:
    """Return an endogenous gonadotropin during pituitary suppression."""
    traits = cohort.traits
    lowest = min(floor * float(traits.floor_factor[here]) / baseline, 1)
    end = lowest if traits.suppressible[here] else float(traits.kept_ratio[here])
    return np.asarray(baseline * end**stimulus)


def _injected_fsh(
    cohort: Cohort, here: tuple[int, int], hours: Floats, injections: Mapping[str, Injections]
) -> Floats:
    """Return the concentration of injected FSH, summed over drugs."""
    known, traits = actions(cohort.scenario.physiology), cohort.traits
    injected = np.zeros(len(hours))
    for drug, given in injections.items():
        if drug in known and (fsh := known[drug].fsh):
            own = float(traits.half_life_h[drug][here]), float(traits.exposure[drug][here])
            injected += concentration(fsh, hours, given, *own)
    return injected


def _given(cohort: Cohort, here: tuple[int, int], arm: str, due: Injections) -> Injections:
    course = cohort.paths[ARMS.index(arm)].course
    if course.missed is None:
        return due
    kept = ~course.missed[(due.days, *here)]
    return Injections(due.days[kept], due.doses_iu[kept])


def _stimulus(cohort: Cohort, given: Injections) -> Floats:
    """Compute the pituitary response to Leydig activity on the time grid."""
    model = cohort.scenario.physiology
    hours = np.concatenate([month_hours(month) for month in range(MONTHS)])
    target = activity(model, hours, given) / reference_activity(model)
    stays = (1 - model.response_per_month.value) ** (1 / (MONTH_DAYS * STEPS_PER_DAY))
    stimulus = np.zeros(len(hours) + 1)
    for cell, pull in enumerate(target):
        stimulus[cell + 1] = stays * stimulus[cell] + (1 - stays) * pull
    return stimulus
