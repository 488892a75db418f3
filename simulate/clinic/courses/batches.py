"""Potential courses of patients, simulated in slices and stored on disk until referral.

`RandomStreams` is addressed by whole slices of `random_streams.CHUNK` patients. The first referral
of a slice causes the whole slice to be simulated, by the functions and random numbers of the numpy
engine; each patient's record is stored and read on the day of referral. Memory therefore holds only
the patients under treatment.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from protocol.regimen.conditions import Condition, Value
from simulate.clinic.courses.delays import DELAYS, draw_delays
from simulate.clinic.courses.disk_store import Store
from simulate.clinic.courses.potential_course import PotentialCourses, Way, ways_of
from simulate.clinic.courses.recent_cache import hold
from simulate.clinic.setup import clinic_file as file
from simulate.clinic.setup.clinic_file import Clinic
from simulate.cohort.births import Couples
from simulate.core.coding import ARMS, DIAGNOSES
from simulate.core.random_streams import CHUNK
from simulate.scenario.scenario_file import Scenario

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]

#: Rank of a patient without priority.
LAST_RANK = 100
#: Number of slices of patients cached, and of (slice, partner's age) with their couples.
COURSES_HELD, COUPLES_HELD = 2, 64

#: Bits of the outcome of a sequence of phases, and of the outcome of a transfer.
IN_EJACULATE, RETRIEVABLE = 1, 2
PREGNANT, BORN, GIVES_UP = 1, 2, 4


class Tries(NamedTuple):
    """Outcome of ICSI: transfers with embryos, and the potential outcome of each (bits)."""

    available: int
    ends: bytes


class Batch:
    """The potential course of one patient, independent of the clinic's decisions.

    Attributes
    ----------
    gonadotropin_therapy, months
        The arm chosen; the months of therapy before dropout.
    delays
        In days, in the order of `simulate.clinic.courses.delays.DELAYS`.
    """

    __slots__ = ("_codes", "_layout", "_numbers", "delays", "gonadotropin_therapy", "months")

    def __init__(self, record: bytes, layout: "_Layout") -> None:
        self._layout, self._codes = layout, record[layout.numbers :]
        self._numbers = array("d", record[: layout.numbers])
        self.gonadotropin_therapy, self.months = self._codes[0], self._codes[1]
        self.delays = self._numbers  # they come first

    @property
    def rank(self) -> int:
        """The rank on the theatre list."""
        return self._codes[2]

    @property
    def needs_surgery(self) -> bool:
        """Whether the semen analysis, if there is one, shows no sperm."""
        return self._codes[3] == 1

    @property
    def willing(self) -> bool:
        """Whether the couple proceeds to ICSI."""
        return self._codes[4] == 1

    @property
    def sperm_available(self) -> bool:
        """Whether testicular sperm is available on the day of ICSI."""
        return self._codes[5] == 1

    @property
    def tries(self) -> Tries:
        """The outcome of ICSI."""
        return Tries(self._codes[6], self._codes[7 : self._layout.outcomes])

    @property
    def spermatogenic_liability(self) -> float:
        """The liability without therapy, in log odds."""
        return self._numbers[len(DELAYS)]

    def effect(self, sequence: int) -> float:
        """Return the effect of therapy by a sequence of phases, in log odds."""
        return self._numbers[len(DELAYS) + 1 + sequence]

    def outcome(self, sequence: int) -> int:
        """Return the location of sperm after a sequence of phases (bits)."""
        return self._codes[self._layout.outcomes + sequence]

    def known(self, first: int, count: int) -> "array[float]":
        """Return known inputs of the phase table, stored from position ``first``; NaN: no result.

        There are as many for each initial part of a sequence as the table has inputs.
        """
        start = len(DELAYS) + 1 + self._layout.sequences + first
        return self._numbers[start : start + count]


class _Layout:
    """Offsets of the parts of a record: numbers of 8 bytes first, then codes of one byte."""

    __slots__ = ("known", "length", "numbers", "outcomes", "sequences")

    def __init__(self, ways: Sequence[Way], transfers: int) -> None:
        self.sequences = max(len(way.sequences) for way in ways)
        self.known = max(len(way.beginnings) * len(way.inputs) for way in ways)
        self.numbers = 8 * (len(DELAYS) + 1 + self.sequences + self.known)
        self.outcomes = 7 + transfers
        self.length = self.numbers + self.outcomes + self.sequences


class Batches:
    """The potential courses of all patients of a study, by number from 0.

    Parameters
    ----------
    patients
        Number of patients simulated for the study.
    """

    def __init__(
        self, clinic: Clinic, scenario: Scenario, seed: int, replicate: int, patients: int
    ) -> None:
        self.clinic, self.scenario, self.patients = clinic, scenario, patients
        self.ways = ways_of(scenario)
        self._seed, self._replicate = seed, replicate
        self._layout = _Layout(self.ways, round(scenario.fertility.max_transfers.value))
        self._store = Store(self._layout.length)
        self._drawn: set[int] = set()
        self._fates: dict[int, PotentialCourses] = {}
        self._aged: dict[tuple[int, int], Codes] = {}

    def __getitem__(self, patient: int) -> Batch:
        """Return a patient's potential course; the slice is simulated if necessary."""
        if patient // CHUNK not in self._drawn:
            self._write(patient // CHUNK)
        return Batch(self._store.get(patient), self._layout)

    def delays(self, first: int, last: int) -> Floats:
        """Return the delays of patients ``first`` up to ``last`` (0 before they are simulated)."""
        records = self._store.get(first, last - first)
        rows = np.frombuffer(records, np.uint8).reshape(last - first, self._layout.length)
        numbers: Floats = np.ascontiguousarray(rows[:, : 8 * len(DELAYS)]).view(np.float64)
        return numbers

    def with_older_partner(self, patient: int, quarters: int) -> Tries:
        """Return the outcome of ICSI if the partner is older by a number of quarter-years."""
        number, place = divmod(patient, CHUNK)
        if (number, quarters) not in self._aged:
            aged = _tries(self.courses(number).couples(quarters))
            hold(self._aged, (number, quarters), aged, COUPLES_HELD)
        row = self._aged[number, quarters][place]
        return Tries(int(row[0]), row[1:].tobytes())

    def courses(self, number: int) -> PotentialCourses:
        """Return the potential courses of a slice, numbered from 0; the last few are cached."""
        if number not in self._fates:
            first = number * CHUNK
            size = min(CHUNK, self.patients - first)
            drawn = PotentialCourses(self.scenario, self._seed, self._replicate, size, first)
            hold(self._fates, number, drawn, COURSES_HELD)
        return self._fates[number]

    def _write(self, number: int) -> None:
        courses = self.courses(number)
        numbers, codes = self._numbers(courses), self._codes(courses)
        rows = np.concatenate([np.ascontiguousarray(numbers).view(np.uint8), codes], axis=1)
        self._store.put(number * CHUNK, rows.tobytes())
        self._drawn.add(number)

    def _numbers(self, courses: PotentialCourses) -> Floats:
        effect = _of_own_arm(courses, self._layout.sequences, [
            [outcome.effect for outcome in outcomes.values()] for outcomes in courses.outcomes
        ])  # fmt: skip
        known = _of_own_arm(courses, self._layout.known, [
            _known(courses, arm, way) for arm, way in enumerate(self.ways)
        ])  # fmt: skip
        delays, liability = (
            draw_delays(self.clinic, courses),
            courses.cohort.spermatogenic_liability[0, :, None],
        )
        return np.concatenate([delays, liability, effect, known], axis=1)

    def _codes(self, courses: PotentialCourses) -> Codes:
        couples = courses.couples()
        own = [
            courses.gonadotropin_therapy, courses.months, _ranks(self.clinic, courses),
            courses.cohort.observed("micro_tese")[0], couples.reaches_icsi[0],
            couples.testicular_sperm_available[0],
        ]  # fmt: skip
        outcome = _of_own_arm(courses, self._layout.sequences, [
            [each.in_ejaculate * IN_EJACULATE + each.retrievable * RETRIEVABLE
             for each in outcomes.values()] for outcomes in courses.outcomes
        ])  # fmt: skip
        columns = np.stack(own, axis=1).astype(np.uint8)
        return np.concatenate([columns, _tries(couples), outcome.astype(np.uint8)], axis=1)


def _known(courses: PotentialCourses, arm: int, way: Way) -> list[Floats]:
    """Return the known value of each input after each initial part of a sequence."""
    return [
        next(
            outcome.course.known[name][len(begun), 0]
            for phases, outcome in courses.outcomes[arm].items()
            if phases[: len(begun)] == begun
        )
        for begun in way.beginnings
        for name in way.inputs
    ]


def _of_own_arm(
    courses: PotentialCourses, width: int, by_arm: Sequence[Sequence[NDArray[np.generic]]]
) -> Floats:
    """Return values in each patient's own arm, shape (patient, width), padded with 0."""
    found = np.zeros((len(courses.gonadotropin_therapy), width))
    for arm, columns in enumerate(by_arm):
        mine = courses.gonadotropin_therapy == arm
        for place, column in enumerate(columns):
            found[mine, place] = column[mine]
    return found


def _tries(couples: Couples) -> Codes:
    """Return transfers with embryos, and the outcome of each, of shape (patient, 1 + transfer)."""
    ends = couples.pregnant[0] * PREGNANT + couples.born[0] * BORN + couples.gives_up[0] * GIVES_UP
    found: Codes = np.concatenate(
        [couples.transfers_available[0][:, None], ends], axis=1, dtype=np.uint8, casting="unsafe"
    )
    return found


def _ranks(clinic: Clinic, courses: PotentialCourses) -> NDArray[np.int_]:
    """Return each patient's rank: the lowest rank of the priorities met."""
    patients = len(courses.gonadotropin_therapy)
    if not clinic.priorities:
        return np.full(patients, LAST_RANK)
    read = [(each.rank, file.read_conditions(each.when)) for each in clinic.priorities]
    cohort = courses.cohort
    columns: dict[str, list[Value]] = {
        "age_years": cohort.baseline["age_years"][0].tolist(),
        "partner_age_years": cohort.patients.partner_age_years[0].tolist(),
        "infertility_duration_years": cohort.baseline["infertility_duration_years"][0].tolist(),
        "diagnosis": [DIAGNOSES[code] for code in cohort.patients.diagnosis[0]],
        "arm": [ARMS[arm] for arm in courses.gonadotropin_therapy],
    }
    return np.array(
        [
            min((rank for rank, when in read if _met(when, columns, patient)), default=LAST_RANK)
            for patient in range(patients)
        ]
    )


def _met(when: Mapping[str, Condition], columns: Mapping[str, list[Value]], patient: int) -> bool:
    return all(condition.holds(columns[name][patient]) for name, condition in when.items())
