"""From sperm to live birth: the couple, its embryo transfers in order, and how each ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from simulate.cohort.draw import Cohort, Path
from simulate.cohort.laboratory import Cycle, draw_cycle
from simulate.cohort.surgery import usable
from simulate.core.coding import DIAGNOSES
from simulate.core.random_streams import Luck
from simulate.patients.baseline import Men
from simulate.scenario import Fertility, Scenario

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Couples:
    """What would happen to each couple if it had sperm; the last axis of some counts transfers.

    ``reaches_icsi`` (the couple goes on), ``testicular_sperm_usable`` and ``transfers_available``
    have shape (replicate, man); ``hcg_positive``, ``pregnant``, ``born`` and ``gives_up`` have
    shape (replicate, man, transfer), counted as if every transfer took place. ``heard_of`` are
    the couples whose outcome becomes known.
    """

    reaches_icsi: Flags
    testicular_sperm_usable: Flags
    transfers_available: Counts
    hcg_positive: Flags
    pregnant: Flags
    born: Flags
    gives_up: Flags
    heard_of: Flags
    cycle: Cycle


@dataclass(frozen=True, slots=True)
class Births:
    """What happened: the transfers made up to the first birth; shapes as in `Couples`."""

    icsi: Flags
    transferred: Flags
    hcg_positive: Flags
    clinical_pregnancy: Flags
    live_birth: Flags

    @property
    def delivered(self) -> Flags:
        """Couples with a live birth after any transfer, shape (replicate, man)."""
        return np.asarray(self.live_birth.any(axis=-1))


def births_of(cohort: Cohort) -> tuple[Births, Births]:
    """Follow the couples of a cohort along both arms, in the order of `coding.ARMS`."""
    couples = couples_of(cohort)
    untreated, treated = (births_along(couples, path) for path in cohort.paths)
    return untreated, treated


def couples_of(cohort: Cohort) -> Couples:
    """Draw the couples of a cohort; embryos only where sperm is found along some arm."""
    untreated, treated = cohort.paths
    needed = untreated.any_sperm | treated.any_sperm
    return draw_couples(cohort.scenario, cohort.men, cohort.luck, needed)


def births_along(couples: Couples, path: Path) -> Births:
    """Follow the couples along one arm: ejaculated sperm is fresh, testicular may not thaw."""
    ready = path.sperm_in_ejaculate | (path.sperm_retrieved & couples.testicular_sperm_usable)
    return try_for_birth(couples, ready)


def draw_couples(scenario: Scenario, men: Men, luck: Luck, who: Flags) -> Couples:
    """Draw the luck of every couple, so that both arms share it; embryos for those in ``who``."""
    model, habits = scenario.fertility, scenario.behaviour
    most = round(model.most_transfers.value)
    centre = model.partner_age_centre_years.value
    cycle = draw_cycle(scenario.laboratory, men, centre, luck, who)
    success = expit(_log_odds(model, men, cycle, luck, most))
    drawn = luck.uniform("pregnancy", width=most)
    lost = luck.uniform("miscarriage", width=most) < model.miscarriage.value
    available = -(-cycle.usable // np.maximum(cycle.per_transfer, 1))
    return Couples(
        reaches_icsi=luck.uniform("icsi") < model.willing_share.value,
        testicular_sperm_usable=usable(scenario.surgery, luck),
        transfers_available=np.minimum(available, most).astype(np.int8),
        hcg_positive=drawn * (1 - model.biochemical_loss.value) < success,
        pregnant=drawn < success,
        born=(drawn < success) & ~lost,
        gives_up=_chosen(habits.stop_after_failure.value, "giving up", luck, most),
        heard_of=~_chosen(habits.lost_share.value, "lost", luck, None),
        cycle=cycle,
    )


def _chosen(share: float, purpose: str, luck: Luck, width: int | None) -> Flags:
    """Draw a share of men; where it is 0 nobody is, and nothing is drawn."""
    if share:
        return np.asarray(luck.uniform(purpose, width) < share)
    shape = (luck.replicates, luck.men) + (() if width is None else (width,))
    return np.broadcast_to(np.False_, shape)


def try_for_birth(couples: Couples, has_sperm: Flags) -> Births:
    """Make the transfers of couples with sperm, one after another, up to the first birth.

    A couple may give up after a transfer that fails, though embryos are left.
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
        hcg_positive=transferred & couples.hcg_positive,
        clinical_pregnancy=transferred & couples.pregnant,
        live_birth=transferred & couples.born,
    )


def _log_odds(model: Fertility, men: Men, cycle: Cycle, luck: Luck, most: int) -> Floats:
    """Return the log odds of a clinical pregnancy, shape (replicate, man, transfer)."""
    age = men.partner_age_years - model.partner_age_centre_years.value
    azfc = men.diagnosis == DIAGNOSES.index("azfc")
    own = model.couple_log_odds_sd.value * luck.normal("couple")
    level: Floats = (
        model.transfer_intercept.value
        + model.transfer_per_partner_year.value * age
        + model.transfer_azfc.value * azfc
        + own
    )
    left = cycle.usable[..., None] - cycle.per_transfer[..., None] * np.arange(most)
    second = (cycle.per_transfer[..., None] == 2) & (left >= 2)
    whole: Floats = level[..., None] + model.transfer_second_embryo.value * second
    return whole
