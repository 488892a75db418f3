"""Simulate cohorts up to sperm retrieval: both potential courses, then the observed one."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from protocol.regimen.load import load_regimen
from simulate.cohort.spermatogenesis import Sperm, hidden_score, see_sperm, spermatogenic_liability
from simulate.core.coding import ARMS
from simulate.core.random_streams import RandomStreams
from simulate.hormones.course import Course
from simulate.hormones.known_values import assays_of
from simulate.hormones.therapy import follow, refuse_other_ends, therapy_days
from simulate.hormones.traits import MONTHS, Traits, draw_traits
from simulate.patients.adherence import draw_habits
from simulate.patients.baseline import Patients, draw_patients
from simulate.patients.measurement import record
from simulate.patients.therapy_choice import propensity
from simulate.scenario.scenario_file import Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Path:
    """All that happens to the patients along one arm; arrays of shape (replicate, patient).

    ``sperm_in_ejaculate`` is what the semen analysis after therapy shows; without a check nobody is
    known to have any. ``micro_tese`` are the patients operated on; ``sperm_retrieved`` is false for
    those who were not. ``any_sperm`` is sperm for ICSI from either source.
    """

    course: Course
    sperm_in_ejaculate: Flags
    micro_tese: Flags
    sperm_retrieved: Flags
    any_sperm: Flags


@dataclass(frozen=True, slots=True)
class Cohort:
    """Replicates of a study: what is written down, and the truth behind it.

    ``baseline`` is the table the clinic holds (rounded, NaN where missing); ``paths`` holds each
    patient's potential course and outcomes in the order of `coding.ARMS`; ``gonadotropin_therapy``
    is the way he took.
    """

    scenario: Scenario
    streams: RandomStreams
    patients: Patients
    baseline: dict[str, Floats]
    propensity: Floats
    gonadotropin_therapy: Flags
    spermatogenic_liability: Floats
    traits: Traits
    paths: tuple[Path, Path]

    def observed(self, name: str) -> Flags:
        """Return a flag of `Path` along the way each patient took."""
        untreated, treated = (getattr(path, name) for path in self.paths)
        return self.in_chosen_arm(untreated, treated)

    @property
    def surgery_day(self) -> NDArray[np.int_]:
        """Day of the semen analysis, surgery and ICSI: the end of the chosen regimen.

        The calendar beyond therapy (waiting lists, stimulation of the partner) belongs to the
        clinic.
        """
        untreated, treated = (therapy_days(path.course.regimen) for path in self.paths)
        return np.where(self.gonadotropin_therapy, treated, untreated)

    def in_chosen_arm(self, untreated: Flags, treated: Flags) -> Flags:
        """Return what happened, of what would happen along each way; shape (replicate, patient)."""
        flags: Flags = np.where(self.gonadotropin_therapy, treated, untreated)
        return flags


def draw_cohort(
    scenario: Scenario,
    seed: int,
    replicates: int = 1,
    first: int = 0,
    patients: int | None = None,
    first_patient: int = 0,
) -> Cohort:
    """Draw ``replicates`` independent studies, numbered from ``first``, up to micro-TESE.

    What follows for the couples comes from `simulate.cohort.births.births_of`, with common random
    numbers.

    Parameters
    ----------
    scenario
        With calibrated values in place (`pretese` reads them from the calibration record).
    seed
        Base seed. Same scenario, seed and number: same study, however it is asked for.
    patients
        Patients per study; None takes the scenario's.
    first_patient
        Number of the first of them in his study, counted from 0: a multiple of
        `random_streams.CHUNK`. Slices drawn one after another make the same study as one draw.
    """
    streams = RandomStreams(seed, patients or scenario.patients, replicates, first, first_patient)
    enrolled = draw_patients(scenario.population, streams, scenario.sites)
    hidden = hidden_score(scenario, streams)
    chance = propensity(scenario.choice, enrolled, hidden)
    level = spermatogenic_liability(scenario.spermatogenesis, enrolled, streams, hidden)
    traits = draw_traits(scenario.physiology, streams)
    if enrolled.sites is not None:  # the value that decides comes from the site's laboratory
        bias = enrolled.sites.measured_ratio("fsh_iu_l")[..., None]
        traits = replace(traits, assay=traits.assay * bias)
    untreated, treated = _potential_paths(scenario, streams, enrolled, level, traits)
    gonadotropin_therapy = streams.uniform("choice") < chance
    found = np.where(gonadotropin_therapy, treated.any_sperm, untreated.any_sperm)
    observed = {"gonadotropin_therapy": gonadotropin_therapy, "any_sperm": found}
    return Cohort(
        scenario=scenario,
        streams=streams,
        patients=enrolled,
        baseline=record(scenario.measurement, enrolled, streams, observed),
        propensity=chance,
        gonadotropin_therapy=gonadotropin_therapy,
        spermatogenic_liability=level,
        traits=traits,
        paths=(untreated, treated),
    )


def _potential_paths(
    scenario: Scenario, streams: RandomStreams, enrolled: Patients, level: Floats, traits: Traits
) -> tuple[Path, Path]:
    """Follow every patient along both arms, with the same random numbers."""
    habits = draw_habits(scenario, level, streams, MONTHS * MONTH_DAYS)
    spontaneous = streams.uniform("spontaneous sperm")
    overlooked = _overlooked(scenario, streams)
    model, sperm = scenario.physiology, scenario.spermatogenesis
    assays = assays_of(scenario, streams, enrolled.sites)

    def walk(arm: str) -> Path:
        regimen = load_regimen(scenario.arms[arm].regimen)
        if scenario.arms[arm].semen_analysis:
            refuse_other_ends(regimen)
        course = follow(regimen, model, enrolled, traits, assays, habits)
        seen = see_sperm(sperm, model, enrolled, level, course, traits, spontaneous, overlooked)
        return _path(course, seen, scenario.arms[arm].semen_analysis)

    untreated, treated = (walk(arm) for arm in ARMS)
    return untreated, treated


def _path(course: Course, sperm: Sperm, checked: bool) -> Path:
    """Operate on everybody whom no semen analysis shows to need no surgery."""
    seen = sperm.in_ejaculate if checked else np.zeros_like(sperm.in_ejaculate)
    return Path(
        course=course,
        sperm_in_ejaculate=seen,
        micro_tese=~seen,
        sperm_retrieved=sperm.retrievable & ~seen,
        any_sperm=seen | sperm.retrievable,
    )


def _overlooked(scenario: Scenario, streams: RandomStreams) -> Flags | None:
    """Draw whose ejaculated sperm a semen analysis would overlook; None if it is perfect."""
    sensitivity = scenario.spermatogenesis.semen_analysis_sensitivity.value
    return streams.uniform("semen analysis") >= sensitivity if sensitivity < 1 else None
