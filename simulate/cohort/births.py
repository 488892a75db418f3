"""From sperm to live birth: the couple, its embryo transfers in order, and their outcomes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from simulate.cohort.draw import Cohort, Path
from simulate.cohort.laboratory import Cycle, draw_cycle
from simulate.cohort.surgery import sperm_available
from simulate.core.coding import DIAGNOSES
from simulate.core.random_streams import RandomStreams
from simulate.patients.baseline import Patients
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.procedures import Fertility

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Couples:
    """Potential outcomes of each couple with sperm; the last axis of some arrays is the transfer.

    ``reaches_icsi`` (the couple proceeds to ICSI), ``testicular_sperm_available`` and
    ``transfers_available`` have shape (replicate, patient); ``biochemical_pregnancy``,
    ``pregnant``, ``born`` and ``gives_up`` have shape (replicate, patient, transfer), as if every
    transfer took place. ``heard_of`` are the couples whose outcome becomes known.
    """

    reaches_icsi: Flags
    testicular_sperm_available: Flags
    transfers_available: Counts
    biochemical_pregnancy: Flags
    pregnant: Flags
    born: Flags
    gives_up: Flags
    heard_of: Flags
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class Births:
    """Observed outcomes: the transfers up to the first birth; shapes as in `Couples`."""

    icsi: Flags
    transferred: Flags
    biochemical_pregnancy: Flags
    clinical_pregnancy: Flags
    live_birth: Flags

    @property
    def delivered(self) -> Flags:
        """Couples with a live birth after any transfer, shape (replicate, patient)."""
        return np.asarray(self.live_birth.any(axis=-1))


def births_of(cohort: Cohort) -> tuple[Births, Births]:
    """Simulate the couples of a cohort in both arms, in the order of `coding.ARMS`."""
    couples = couples_of(cohort)
    untreated, treated = (births_along(couples, path) for path in cohort.paths)
    return untreated, treated


def couples_of(cohort: Cohort) -> Couples:
    """Simulate the couples of a cohort; embryos only if sperm is found in some arm."""
    untreated, treated = cohort.paths
    with_sperm = untreated.any_sperm | treated.any_sperm
    return draw_couples(cohort.scenario, cohort.patients, cohort.streams, with_sperm)


def births_along(couples: Couples, path: Path) -> Births:
    """Simulate the couples in one arm: ejaculated sperm is fresh, testicular may be frozen."""
    ready = path.sperm_in_ejaculate | (path.sperm_retrieved & couples.testicular_sperm_available)
    return try_for_birth(couples, ready)


def draw_couples(
    scenario: Scenario, patients: Patients, streams: RandomStreams, who: Flags
) -> Couples:
    """Simulate every couple, with common random numbers in both arms; embryos for ``who``."""
    model, habits = scenario.fertility, scenario.behaviour
    most = round(model.max_transfers.value)
    centre = model.partner_age_centre_years.value
    cycle = draw_cycle(scenario.laboratory, patients, centre, streams, who)
    success = expit(_log_odds(model, patients, cycle, streams, most))
    drawn = streams.uniform("pregnancy", width=most)
    lost = streams.uniform("miscarriage", width=most) < model.miscarriage.value
    available = -(-cycle.transferable_embryos // np.maximum(cycle.per_transfer, 1))
    return Couples(
        reaches_icsi=streams.uniform("icsi") < model.willing_share.value,
        testicular_sperm_available=sperm_available(scenario.surgery, streams),
        transfers_available=np.minimum(available, most).astype(np.int8),
        biochemical_pregnancy=drawn * (1 - model.biochemical_loss.value) < success,
        pregnant=drawn < success,
        born=(drawn < success) & ~lost,
        gives_up=_chosen(habits.stop_after_failure.value, "giving up", streams, most),
        heard_of=~_chosen(habits.lost_share.value, "lost", streams, None),
        cycle=cycle,
    )


def _chosen(share: float, purpose: str, streams: RandomStreams, width: int | None) -> Flags:
    """Select a proportion of patients at random; nothing is drawn if it is 0."""
    if share:
        return np.asarray(streams.uniform(purpose, width) < share)
    shape = (streams.replicates, streams.patients) + (() if width is None else (width,))
    return np.broadcast_to(np.False_, shape)


def try_for_birth(couples: Couples, has_sperm: Flags) -> Births:
    """Simulate the successive transfers of couples with sperm, up to the first birth.

    A couple may give up after a failed transfer although embryos are left.
    """
    icsi = couples.reaches_icsi & has_sperm
    order = np.arange(couples.born.shape[-1])
    offered = icsi[..., None] & (order < couples.transfers_available[..., None])
    ended = couples.born | couples.gives_up
    ended_before: Flags = np.cumsum(ended, axis=-1) > ended
    transferred: Flags = offered & ~ended_before
    return Births(
        icsi=icsi,
        transferred=transferred,
        biochemical_pregnancy=transferred & couples.biochemical_pregnancy,
        clinical_pregnancy=transferred & couples.pregnant,
        live_birth=transferred & couples.born,
    )


def _log_odds(
    model: Fertility, patients: Patients, cycle: Cycle, streams: RandomStreams, most: int
) -> Floats:
    """Return the log odds of a clinical pregnancy, shape (replicate, patient, transfer)."""
    age = patients.partner_age_years - model.partner_age_centre_years.value
    azfc = patients.diagnosis == DIAGNOSES.index("azfc")
    own = model.couple_log_odds_sd.value * streams.normal("couple")
    level: Floats = (
        model.transfer_intercept.value
        + model.transfer_per_partner_year.value * age
        + model.transfer_azfc.value * azfc
        + own
    )
    left = cycle.transferable_embryos[..., None] - cycle.per_transfer[..., None] * np.arange(most)
    second = (cycle.per_transfer[..., None] == 2) & (left >= 2)
    whole: Floats = level[..., None] + model.transfer_second_embryo.value * second
    return whole
