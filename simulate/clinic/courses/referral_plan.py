"""Referral days of patients."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from protocol.errors import InputError
from simulate.clinic.courses.batches import Batches
from simulate.clinic.setup.clinic_file import Clinic
from simulate.clinic.setup.durations import GRAIN
from simulate.clinic.setup.referrals import Waiting, referral_days
from simulate.core.random_streams import RandomStreams
from simulate.hormones.therapy import therapy_days

#: Number of patients converted to Python objects at a time.
AT_A_TIME = 4096


@dataclass(frozen=True, slots=True)
class Plan:
    """Patients in the order of their referral, and the days; 12 bytes a patient.

    ``listed`` are the patients who wait for surgery on day 0.
    """

    patients: NDArray[np.uint32]
    days: NDArray[np.float64]
    listed: frozenset[int]

    @property
    def first_day(self) -> float:
        """The first referral, in days from the opening; 0 if there is none."""
        return float(self.days[0]) if len(self.days) else 0.0

    def __iter__(self) -> Iterator[tuple[float, int]]:
        """Yield (day, patient) in order."""
        for first in range(0, len(self.patients), AT_A_TIME):
            some = slice(first, first + AT_A_TIME)
            yield from zip(self.days[some].tolist(), self.patients[some].tolist(), strict=True)


def plan(
    clinic: Clinic, batches: Batches, streams: RandomStreams, waiting_list: Sequence[Waiting]
) -> Plan:
    """Plan the referrals.

    Patients on the waiting list need surgery, and completed therapy just before they were listed.
    """
    known, listed = _already_waiting(batches, waiting_list)
    others = np.ones(streams.patients, bool)
    others[list(known)] = False
    patients = np.flatnonzero(others).astype(np.uint32)
    referred = referral_days(clinic, batches.scenario.population, streams)
    # With a rate, patients are referred in order of number; otherwise each has an own day.
    days = (
        referred[others]
        if clinic.referrals.patients_per_week is None
        else referred[: len(patients)]
    )
    comes = days <= (inf if clinic.horizon_days is None else clinic.horizon_days)
    patients = np.concatenate([np.array(list(known), np.uint32), patients[comes]])
    days = np.concatenate([np.array(list(known.values()), float), days[comes]])
    order = np.lexsort((patients, days))
    return Plan(patients[order], days[order], listed)


def _already_waiting(
    batches: Batches, waiting_list: Sequence[Waiting]
) -> tuple[dict[int, float], frozenset[int]]:
    """Assign a patient to each entry of the waiting list; return referral days and surgery."""
    days: dict[int, float] = {}
    surgery: set[int] = set()
    patient = -1
    for waiting in waiting_list:
        patient += 1
        before = 0
        if waiting.place == "micro-TESE":
            patient = _next_for_surgery(batches, patient)
            surgery.add(patient)
            before = therapy_days(batches.ways[batches[patient].gonadotropin_therapy].regimen)
        days[patient] = float(np.floor(-(waiting.days_waited + before) * GRAIN) / GRAIN)
    return days, frozenset(surgery)


def _next_for_surgery(batches: Batches, patient: int) -> int:
    """Return the first patient from ``patient`` on who needs surgery."""
    while patient < batches.patients:
        if batches[patient].needs_surgery:
            return patient
        patient += 1
    problem = f"too few of {batches.patients} patients need surgery for all on the waiting list"
    raise InputError.of(batches.clinic.id, "referrals.waiting_list", problem, "draw more patients")
