"""Potential courses of each patient, independent of the clinic: interface to the numpy engine.

They are computed once for every possible sequence of phases of a regimen, by the same functions
with the same random numbers as `cohort.draw`. The clinic then decides month by month, for one
patient, with the regimen's own table, and looks up the outcome of the sequence that results.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from protocol.dates import MONTH_DAYS
from protocol.regimen.conditions import Value
from protocol.regimen.grid import Axis, DecisionGrid
from protocol.regimen.load import load_regimen
from protocol.regimen.paths import BEFORE_THERAPY
from protocol.regimen.rules import DecisionTable, Regimen
from simulate.cohort.births import Couples, draw_couples
from simulate.cohort.draw import Cohort, draw_cohort
from simulate.cohort.spermatogenesis import effect, see_sperm
from simulate.cohort.surgery import draw_operations
from simulate.core.coding import ARMS
from simulate.hormones.course import Course
from simulate.hormones.known_values import assays_of, measured_inputs
from simulate.hormones.therapy import follow
from simulate.hormones.traits import MONTHS
from simulate.patients.adherence import Habits, draw_habits
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.therapy_arms import Arm

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Phases = tuple[str, ...]

#: A partner's age enters in whole quarters of a year.
QUARTER_DAYS = 365.25 / 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """Location of sperm at the end of one sequence of phases; arrays of shape (patient,).

    ``effect`` is the effect of therapy on the spermatogenic liability, in log odds.
    """

    course: Course
    in_ejaculate: Flags
    retrievable: Flags
    effect: Floats


@dataclass(frozen=True, slots=True)
class Way:
    """One arm: its regimen and the possible sequences of phases.

    ``sequences`` gives the position of each complete sequence, ``beginnings`` that of each sequence
    of months after which a phase is decided, including the empty one. ``inputs`` are those of the
    phase table that follow from laboratory results.
    """

    regimen: Regimen
    semen_analysis: bool
    sequences: Mapping[Phases, int]
    beginnings: Mapping[Phases, int]
    inputs: tuple[str, ...]


def ways_of(scenario: Scenario) -> tuple[Way, Way]:
    """Return the arms of a scenario with their sequences, in the order of `coding.ARMS`."""
    untreated, treated = (_way(scenario.arms[arm]) for arm in ARMS)
    return untreated, treated


def _way(arm: Arm) -> Way:
    regimen = load_regimen(arm.regimen)
    whole = sequences(regimen)
    begun = dict.fromkeys(each[:month] for each in whole for month in range(len(each)))
    return Way(
        regimen=regimen,
        semen_analysis=arm.semen_analysis,
        sequences={phases: place for place, phases in enumerate(whole)},
        beginnings={phases: place for place, phases in enumerate(begun)},
        inputs=measured_inputs(regimen),
    )


class PotentialCourses:
    """Potential courses of ``patients`` patients of one study, from number ``first_patient`` on.

    Parameters
    ----------
    replicate
        Absolute number of the study, from 0, as in `simulate.cohort.draw.draw_cohort`.
    first_patient
        From 0: a multiple of `simulate.core.random_streams.CHUNK`.

    Attributes
    ----------
    months
        Months of therapy after which each patient would stop, `MONTHS` if never.
    operations
        Potential micro-TESE of each patient.
    habits
        The same, and the days on which the patient would miss an injection that is due.
    outcomes
        For each arm, the outcome of each sequence of phases for every patient, whichever arm was
        chosen.
    """

    __slots__ = ("_couples", "cohort", "first_patient", "gonadotropin_therapy", "habits", "months",
                 "operations", "outcomes")  # fmt: skip

    def __init__(
        self, scenario: Scenario, seed: int, replicate: int, patients: int, first_patient: int = 0
    ) -> None:
        self.first_patient = first_patient
        self.cohort = draw_cohort(scenario, seed, 1, replicate, patients, first_patient)
        self.gonadotropin_therapy = self.cohort.gonadotropin_therapy[0].astype(np.int8)
        self.habits = draw_habits(
            scenario, self.cohort.spermatogenic_liability, self.cohort.streams, MONTHS * MONTH_DAYS
        )
        stays = self.habits.months
        self.months = np.full(patients, MONTHS, np.int8) if stays is None else stays[0]
        self.outcomes = tuple(
            {phases: _outcome(self.cohort, self.habits, way.regimen, phases) for phases in
             way.sequences}
            for way in ways_of(scenario)
        )  # fmt: skip
        self.operations = draw_operations(scenario.surgery, self.cohort.streams)
        self._couples: dict[int, Couples] = {}

    def couples(self, quarters_later: int = 0) -> Couples:
        """Return the outcome of ICSI with partners older by this number of quarters of a year."""
        if quarters_later not in self._couples:
            self._couples[quarters_later] = self._draw_couples(quarters_later)
        return self._couples[quarters_later]

    def _draw_couples(self, quarters_later: int) -> Couples:
        patients = self.cohort.patients
        if quarters_later:
            patients = replace(
                patients, partner_age_years=patients.partner_age_years + quarters_later / 4
            )
        untreated, treated = self.cohort.paths
        with_sperm = untreated.any_sperm | treated.any_sperm
        return draw_couples(self.cohort.scenario, patients, self.cohort.streams, with_sperm)


def sequences(regimen: Regimen) -> tuple[Phases, ...]:
    """Return every sequence of phases over its months that the regimen's table can lead to.

    >>> sequences(load_regimen("fsh-guided"))[0]
    ('hcg', 'hcg', 'hcg')
    >>> sequences(load_regimen("no-therapy"))
    ((),)
    """
    found: list[Phases] = [()]
    for month in range(1, regimen.months + 1):
        found = [
            (*before, phase)
            for before in found
            for phase in _possible(regimen, month, before[-1] if before else BEFORE_THERAPY)
        ]
    return tuple(found)


def _possible(regimen: Regimen, month: int, before: str) -> list[str]:
    """Return the phases that can follow, in declared order."""
    grid = regimen.tables["phase"].proved
    state: dict[str, Value] = {"month": float(month), "previous_phase": before}
    open_axes = [axis for axis in grid.axes if axis.name not in state]
    fired = {
        grid.rule_at(state | dict(zip((a.name for a in open_axes), values, strict=True)))
        for values in itertools.product(*(axis.examples for axis in open_axes))
    }
    names = {regimen.tables["phase"].rules[rule].then for rule in fired}
    return [phase.name for phase in regimen.phases if phase.name in names]


@cache
def held_to(regimen: Regimen, phases: Phases) -> Regimen:
    """Return the regimen with a phase table that gives these phases regardless of measurements."""
    table = regimen.tables["phase"]
    rules = tuple(
        replace(table.rules[0], id=f"month {month}", conditions={}, then=phase)
        for month, phase in enumerate(phases, start=1)
    )
    cuts = tuple(float(month) for month in range(2, len(phases) + 1))
    axis = Axis("month", "integer", may_be_missing=False, low=1, high=len(phases), cuts=cuts)
    grid = DecisionGrid((axis,), (len(phases),), tuple(range(len(phases))))
    held = DecisionTable(table.name, table.question, ("month",), rules, grid)
    return replace(regimen, tables={**regimen.tables, "phase": held})


def _outcome(cohort: Cohort, habits: Habits, regimen: Regimen, phases: Phases) -> Outcome:
    scenario, patients, traits = cohort.scenario, cohort.patients, cohort.traits
    assays = assays_of(scenario, cohort.streams, cohort.patients.sites)
    course = follow(
        held_to(regimen, phases),
        scenario.physiology,
        patients,
        traits,
        assays,
        habits,
        deciding=regimen,
    )
    spontaneous = cohort.streams.uniform("spontaneous sperm")
    sensitivity = scenario.spermatogenesis.semen_analysis_sensitivity.value
    overlooked = (
        cohort.streams.uniform("semen analysis") >= sensitivity if sensitivity < 1 else None
    )
    sperm = see_sperm(
        scenario.spermatogenesis,
        scenario.physiology,
        patients,
        cohort.spermatogenic_liability,
        course,
        traits,
        spontaneous,
        overlooked,
    )
    added = effect(
        scenario.spermatogenesis.treatment, scenario.physiology, patients, course, traits
    )
    return Outcome(
        course=course,
        in_ejaculate=sperm.in_ejaculate[0],
        retrievable=sperm.retrievable[0],
        effect=np.broadcast_to(added, cohort.spermatogenic_liability.shape)[0],
    )
