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
from simulate.patients.user_defined import draw_user_defined
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.user_defined import UserDefined

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Path:
    """Course and outcomes of the patients in one arm; arrays of shape (replicate, patient).

    ``sperm_in_ejaculate`` is the result of the semen analysis after therapy, false without one.
    ``micro_tese`` are the patients operated on; ``sperm_retrieved`` is false for all others.
    ``any_sperm`` is sperm for ICSI from either source.
    """

    course: Course
    sperm_in_ejaculate: Flags
    micro_tese: Flags
    sperm_retrieved: Flags
    any_sperm: Flags


@dataclass(frozen=True, slots=True)
class Cohort:
    """Replicates of a study: recorded data and true values.

    ``baseline`` is the table the clinic holds (rounded, NaN where missing; user-defined covariates
    last); ``paths`` holds each
    patient's potential course and outcomes in the order of `coding.ARMS`; ``gonadotropin_therapy``
    is the arm chosen.
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
        """Return a flag of `Path` in the arm that each patient chose."""
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
        """Return the observed among the potential values of both arms; (replicate, patient)."""
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
    """Simulate ``replicates`` independent studies, numbered from ``first``, up to micro-TESE.

    Outcomes of the couples come from `simulate.cohort.births.births_of`, with common random
    numbers.

    Parameters
    ----------
    scenario
        With calibrated values (`pretese` reads them from the calibration record).
    seed
        Base seed. The same scenario, seed and number give the same study.
    patients
        Patients per study; None takes the scenario's.
    first_patient
        Number of the first patient in the study, counted from 0: a multiple of
        `random_streams.CHUNK`. Successive slices give the same study as one call.
    """
    streams = RandomStreams(seed, patients or scenario.patients, replicates, first, first_patient)
    enrolled = _with_user_defined(
        scenario, draw_patients(scenario.population, streams, scenario.sites), streams
    )
    hidden = hidden_score(scenario, streams)
    chance = propensity(scenario.choice, enrolled, hidden)
    level = spermatogenic_liability(scenario.spermatogenesis, enrolled, streams, hidden)
    traits = draw_traits(scenario.physiology, streams)
    if enrolled.sites is not None:  # decisions use the value reported by the site's laboratory
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
        baseline=_recorded(scenario, enrolled, streams, observed),
        propensity=chance,
        gonadotropin_therapy=gonadotropin_therapy,
        spermatogenic_liability=level,
        traits=traits,
        paths=(untreated, treated),
    )


def _with_user_defined(scenario: Scenario, patients: Patients, streams: RandomStreams) -> Patients:
    if scenario.user_defined == UserDefined():
        return patients
    drawn = draw_user_defined(
        scenario.user_defined, streams, patients.baseline, patients.partner_age_years,
        patients.diagnosis,
    )  # fmt: skip
    return replace(patients, user_defined=drawn)


def _recorded(
    scenario: Scenario, patients: Patients, streams: RandomStreams, observed: dict[str, Flags]
) -> dict[str, Floats]:
    """Return baseline values as written down, user-defined covariates last."""
    written = record(scenario.measurement, patients, streams, observed)
    added = patients.user_defined
    return {**written, **dict(added.covariates())} if added else written


def _potential_paths(
    scenario: Scenario, streams: RandomStreams, enrolled: Patients, level: Floats, traits: Traits
) -> tuple[Path, Path]:
    """Simulate every patient in both arms, with common random numbers."""
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
    """Operate on all patients except those whose semen analysis shows sperm."""
    seen = sperm.in_ejaculate if checked else np.zeros_like(sperm.in_ejaculate)
    return Path(
        course=course,
        sperm_in_ejaculate=seen,
        micro_tese=~seen,
        sperm_retrieved=sperm.retrievable & ~seen,
        any_sperm=seen | sperm.retrievable,
    )


def _overlooked(scenario: Scenario, streams: RandomStreams) -> Flags | None:
    """Simulate false-negative semen analyses; None if the analysis is perfect."""
    sensitivity = scenario.spermatogenesis.semen_analysis_sensitivity.value
    return streams.uniform("semen analysis") >= sensitivity if sensitivity < 1 else None
