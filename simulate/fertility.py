"""From sperm to live birth: the couple, its embryo transfers in order, and how each ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from simulate.cohort import Cohort
from simulate.luck import Luck
from simulate.nouns import DIAGNOSES
from simulate.population import Men
from simulate.scenario import Fertility

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Couples:
    """What would happen to each couple if it had sperm; the last axis of a pair counts transfers.

    ``reaches_icsi`` and ``transfers_available`` have shape (replicate, man); ``pregnant`` and
    ``born`` have shape (replicate, man, transfer), counted as if every transfer took place.
    """

    reaches_icsi: Flags
    transfers_available: Counts
    pregnant: Flags
    born: Flags


@dataclass(frozen=True, slots=True)
class Births:
    """What happened: the transfers made up to the first birth; shapes as in `Couples`."""

    icsi: Flags
    transferred: Flags
    clinical_pregnancy: Flags
    live_birth: Flags

    @property
    def delivered(self) -> Flags:
        """Couples with a live birth after any transfer, shape (replicate, man)."""
        return np.asarray(self.live_birth.any(axis=-1))


def births_of(cohort: Cohort) -> tuple[Births, Births]:
    """Follow the couples of a cohort along both arms, in the order of `simulate.nouns.ARMS`."""
    couples = draw_couples(cohort.scenario.fertility, cohort.men, cohort.luck)
    untreated, treated = (try_for_birth(couples, path.any_sperm) for path in cohort.paths)
    return untreated, treated


def draw_couples(model: Fertility, men: Men, luck: Luck) -> Couples:
    """Draw the luck of every couple, needed or not, so that both arms share it."""
    most = len(model.transfers_available)
    success = expit(_log_odds(model, men, luck))[..., None]
    pregnant = luck.uniform("pregnancy", width=most) < success
    lost = luck.uniform("miscarriage", width=most) < model.miscarriage.value
    edges = np.cumsum([share.value for share in model.transfers_available])[:-1]
    available = np.searchsorted(edges, luck.uniform("embryos"), side="right") + 1
    return Couples(
        reaches_icsi=luck.uniform("icsi") < model.icsi_share.value,
        transfers_available=available.astype(np.int8),
        pregnant=pregnant,
        born=pregnant & ~lost,
    )


def try_for_birth(couples: Couples, has_sperm: Flags) -> Births:
    """Make the transfers of couples with sperm, one after another, up to the first birth."""
    icsi = couples.reaches_icsi & has_sperm
    order = np.arange(couples.born.shape[-1])
    offered = icsi[..., None] & (order < couples.transfers_available[..., None])
    born_before: Flags = np.cumsum(couples.born, axis=-1) > couples.born
    transferred: Flags = offered & ~born_before
    return Births(
        icsi=icsi,
        transferred=transferred,
        clinical_pregnancy=transferred & couples.pregnant,
        live_birth=transferred & couples.born,
    )


def _log_odds(model: Fertility, men: Men, luck: Luck) -> Floats:
    """Return the log odds of a clinical pregnancy per transfer."""
    age = men.partner_age_years - model.partner_age_centre_years.value
    azfc = men.diagnosis == DIAGNOSES.index("azfc")
    own = model.couple_log_odds_sd.value * luck.normal("couple")
    level: Floats = (
        model.transfer_intercept.value
        + model.transfer_per_partner_year.value * age
        + model.transfer_azfc.value * azfc
        + own
    )
    return level
