"""What nature holds for each man, whatever the clinic decides: the one seam to the numpy engine.

Nature is asked once for every sequence of phases that a regimen can lead to, by the same functions
on the same luck as `simulate.cohort`. The clinic then decides month by month, for one man, with
the regimen's own table, and reads off what the sequence that it has chosen leads to.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from protocol.conditions import Value
from protocol.grid import Axis, DecisionGrid
from protocol.paths import BEFORE_THERAPY
from protocol.regimen import DecisionTable, Regimen, load_regimen
from simulate.behaviour import Habits, draw_habits
from simulate.cohort import Cohort, draw_cohort
from simulate.fertility import Couples, draw_couples
from simulate.hormones import MONTHS
from simulate.lookup import MONTH_DAYS
from simulate.nouns import ARMS
from simulate.scenario import Scenario
from simulate.spermatogenesis import effect, see_sperm
from simulate.surgery import draw_operations
from simulate.therapy import Course, follow

Floats = NDArray[np.float64]
Phases = tuple[str, ...]

#: A partner's age enters in whole quarters of a year.
QUARTER_DAYS = 365.25 / 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where sperm is at the end of one sequence of phases, for every man (lists by man).

    ``effect`` is what therapy adds to the reserve, in log odds.
    """

    course: Course
    in_ejaculate: list[bool]
    retrievable: list[bool]
    effect: list[float]


@dataclass(frozen=True, slots=True)
class Way:
    """One arm: its regimen, and nature's answer to each sequence of phases.

    ``reported_fsh[phases]`` is what the laboratory reports at the end of the last of these months,
    in IU/L, for every man.
    """

    regimen: Regimen
    semen_check: bool
    reported_fsh: Mapping[Phases, list[float]]
    outcomes: Mapping[Phases, Outcome]


@dataclass(frozen=True, slots=True)
class Tries:
    """What each couple's ICSI leads to; lists by man, and by transfer within."""

    couples: Couples
    willing: list[bool]
    testicular_sperm_usable: list[bool]
    transfers_available: list[int]
    pregnant: list[list[bool]]
    born: list[list[bool]]
    gives_up: list[list[bool]]


class Fates:
    """The fates of the men of one study.

    Parameters
    ----------
    replicate
        Absolute number of the study, from 0: that of `simulate.cohort.draw_cohort`.

    Attributes
    ----------
    months
        After how many months of therapy each man would stop, `MONTHS` if he would not.
    operations
        What micro-TESE would be for each man.
    habits
        The same, and on which days he would miss an injection that is due.
    """

    __slots__ = ("_tries", "cohort", "gn", "habits", "level", "months",
                 "operations", "ways")  # fmt: skip

    def __init__(self, scenario: Scenario, seed: int, replicate: int, men: int) -> None:
        self.cohort = draw_cohort(scenario, seed, 1, replicate, men)
        self.gn: list[int] = self.cohort.gn[0].astype(int).tolist()
        self.level: list[float] = self.cohort.reserve[0].tolist()
        self.habits = draw_habits(
            scenario, self.cohort.reserve, self.cohort.luck, MONTHS * MONTH_DAYS
        )
        stays = self.habits.months
        self.months: list[int] = [MONTHS] * men if stays is None else stays[0].tolist()
        self.ways = tuple(_way(self.cohort, self.habits, arm) for arm in ARMS)
        self.operations = draw_operations(scenario.surgery, self.cohort.luck)
        self._tries: dict[int, Tries] = {}

    def tries(self, quarters_later: int = 0) -> Tries:
        """Return what ICSI leads to with partners so many quarters of a year older."""
        if quarters_later not in self._tries:
            self._tries[quarters_later] = self._draw_tries(quarters_later)
        return self._tries[quarters_later]

    def _draw_tries(self, quarters_later: int) -> Tries:
        men = self.cohort.men
        if quarters_later:
            men = replace(men, partner_age_years=men.partner_age_years + quarters_later / 4)
        untreated, treated = self.cohort.paths
        needed = untreated.any_sperm | treated.any_sperm
        couples = draw_couples(self.cohort.scenario, men, self.cohort.luck, needed)
        return Tries(
            couples=couples,
            willing=couples.reaches_icsi[0].tolist(),
            testicular_sperm_usable=couples.testicular_sperm_usable[0].tolist(),
            transfers_available=couples.transfers_available[0].tolist(),
            pregnant=couples.pregnant[0].tolist(),
            born=couples.born[0].tolist(),
            gives_up=couples.gives_up[0].tolist(),
        )


def sequences(regimen: Regimen) -> tuple[Phases, ...]:
    """Return every sequence of phases over the months that the regimen's table can lead to.

    >>> sequences(load_regimen("fsh-guided"))[0]
    ('hcg', 'hcg', 'hcg')
    >>> sequences(load_regimen("no-therapy"))
    (('stopped', 'stopped', 'stopped'),)
    """
    found: list[Phases] = [()]
    for month in range(1, MONTHS + 1):
        found = [
            (*before, phase)
            for before in found
            for phase in _possible(regimen, month, before[-1] if before else BEFORE_THERAPY)
        ]
    return tuple(found)


def _possible(regimen: Regimen, month: int, before: str) -> list[str]:
    """Return the phases that can follow, in declared order."""
    grid = regimen.tables["phase"].proved
    state: dict[str, Value] = {"month": float(month), "phase_before": before}
    open_axes = [axis for axis in grid.axes if axis.name not in state]
    fired = {
        grid.rule_at(state | dict(zip((a.name for a in open_axes), values, strict=True)))
        for values in itertools.product(*(axis.examples for axis in open_axes))
    }
    names = {regimen.tables["phase"].rules[rule].then for rule in fired}
    return [phase.name for phase in regimen.phases if phase.name in names]


@cache
def held_to(regimen: Regimen, phases: Phases) -> Regimen:
    """Return the regimen with a phase table that says these phases, whatever is measured."""
    table = regimen.tables["phase"]
    rules = tuple(
        replace(table.rules[0], id=f"month {month}", conditions={}, then=phase)
        for month, phase in enumerate(phases, start=1)
    )
    axis = Axis("month", "integer", may_be_missing=False, low=1, high=len(phases))
    grid = DecisionGrid((axis,), (len(phases),), tuple(range(len(phases))))
    held = DecisionTable(table.name, table.question, ("month",), rules, grid)
    return replace(regimen, tables={**regimen.tables, "phase": held})


def _way(cohort: Cohort, habits: Habits, arm: str) -> Way:
    scenario = cohort.scenario
    regimen = load_regimen(scenario.arms[arm].regimen)
    outcomes = {phases: _outcome(cohort, habits, regimen, phases) for phases in sequences(regimen)}
    fsh: dict[Phases, list[float]] = {}
    for phases, outcome in outcomes.items():
        for month in range(1, MONTHS + 1):
            if phases[:month] not in fsh:
                fsh[phases[:month]] = outcome.course.measured_fsh_iu_l[month - 1, 0].tolist()
    return Way(regimen, scenario.arms[arm].semen_check, fsh, outcomes)


def _outcome(cohort: Cohort, habits: Habits, regimen: Regimen, phases: Phases) -> Outcome:
    scenario, men, traits = cohort.scenario, cohort.men, cohort.traits
    step = scenario.measurement.rounded_to["fsh_iu_l"].value
    course = follow(held_to(regimen, phases), scenario.physiology, men, traits, step, habits)
    spontaneous = cohort.luck.uniform("spontaneous sperm")
    sensitivity = scenario.spermatogenesis.semen_check_sensitivity.value
    overlooked = cohort.luck.uniform("semen check") >= sensitivity if sensitivity < 1 else None
    sperm = see_sperm(
        scenario.spermatogenesis, men, cohort.reserve, course, traits, spontaneous, overlooked
    )
    added = effect(scenario.spermatogenesis.treatment, men, course, traits)
    return Outcome(
        course=course,
        in_ejaculate=sperm.in_ejaculate[0].tolist(),
        retrievable=sperm.retrievable[0].tolist(),
        effect=np.broadcast_to(added, cohort.reserve.shape)[0].tolist(),
    )
