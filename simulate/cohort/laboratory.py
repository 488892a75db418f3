"""From oocytes to embryos: decreasing counts by stage, correlated within a couple."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from simulate.core.coding import DIAGNOSES
from simulate.core.random_streams import RandomStreams
from simulate.patients.baseline import Patients
from simulate.scenario.sections.parameter import Parameter
from simulate.scenario.sections.procedures import Laboratory

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Counts = NDArray[np.int16]

#: Upper limit of stage probabilities, which keeps odds finite.
NEARLY_ONE = 1 - 1e-9

#: Largest probability below 1: log odds of 40 round to 1, whose odds are infinite.
BELOW_ONE = 1 - 2.0**-53


@dataclass(frozen=True, slots=True)
class Cycle:
    """One ICSI cycle of each couple: counts of shape (replicate, patient), 0 where none is needed.

    ``two_pronuclear_zygotes`` are oocytes with two pronuclei, ``transferable_embryos`` day-3
    embryos for transfer (at least one), ``per_transfer`` is how many of them are transferred at a
    time (1 or 2).
    """

    oocytes: Counts
    mii_oocytes: Counts
    two_pronuclear_zygotes: Counts
    cleavage_stage_embryos: Counts
    transferable_embryos: Counts
    blastocysts: Counts
    per_transfer: Counts

    def transferred_at(self, order: NDArray[np.int_], where: tuple[Any, ...]) -> Counts:
        """Return how many embryos a couple's transfer has, transfers counted from 0.

        Parameters
        ----------
        where
            Index of the couples in the arrays.
        """
        each = self.per_transfer[where]
        left: Counts = np.minimum(each, self.transferable_embryos[where] - each * order)
        return left


def draw_cycle(
    model: Laboratory, patients: Patients, centre_years: float, streams: RandomStreams, who: Flags
) -> Cycle:
    """Simulate the cycle of the couples in ``who``; the others have none.

    Parameters
    ----------
    centre_years
        Partner's age at which the number of oocytes is the mean one.
    """
    quality = model.couple_log_odds_sd.value * streams.normal("embryo quality")[who]
    azfc = patients.diagnosis[who] == DIAGNOSES.index("azfc")
    stages = np.moveaxis(streams.uniform("embryology", width=5), -1, 0)[:, who]
    oocytes = _oocytes(model, patients.partner_age_years[who] - centre_years, streams, who)
    mii_oocytes = _kept(stages[0], oocytes, model.maturation, 0 * quality)
    zygotes = _kept(stages[1], mii_oocytes, model.fertilisation, quality)
    cleavage_stage = _kept(stages[2], zygotes, model.cleavage, 0 * quality)
    good = quality + model.azfc.value * azfc
    transferable = _kept(stages[3], cleavage_stage, model.transferable_day3, good)
    blastocysts = binomial(stages[4], transferable, expit(logit(model.blastocyst.value) + good))
    two = streams.uniform("embryo policy")[who] < model.two_embryo_share.value
    return Cycle(
        *(
            _in_place(each, who)
            for each in (
                oocytes,
                mii_oocytes,
                zygotes,
                cleavage_stage,
                transferable,
                blastocysts,
                1 + two,
            )
        )
    )


def _oocytes(model: Laboratory, years: Floats, streams: RandomStreams, who: Flags) -> Floats:
    own = model.oocytes_sd.value * streams.normal("oocytes")[who]
    level = model.oocytes.value + model.oocytes_per_partner_year.value * years + own
    return np.clip(np.rint(level), 1, model.max_oocytes.value)


def _kept(uniform: Floats, counts: Floats, share: Parameter, log_odds: Floats) -> Floats:
    """Thin the counts binomially, keeping at least one: every couple has a final embryo."""
    chance = np.minimum(share.value, NEARLY_ONE)
    return np.maximum(binomial(uniform, counts, expit(logit(chance) + log_odds)), 1)


def _in_place(values: NDArray[np.generic], who: Flags) -> Counts:
    counts = np.zeros(who.shape, np.int16)
    counts[who] = values
    return counts


def binomial(uniform: Floats, trials: Floats, chance: Floats) -> Floats:
    """Return binomial counts by inversion of one uniform number per patient.

    Examples
    --------
    Of two trials at a half, 0, 1 and 2 successes share [0, 1) as 1 : 2 : 1:

    >>> u = np.array([0.2, 0.3, 0.7, 0.8])
    >>> binomial(u, np.full(4, 2.0), np.full(4, 0.5)).tolist()
    [0.0, 1.0, 1.0, 2.0]
    """
    chance = np.minimum(chance, BELOW_ONE)
    odds = chance / (1 - chance)
    mass = (1 - chance) ** trials
    below = mass.copy()
    count = np.zeros_like(uniform)
    for k in range(int(trials.max(initial=0))):
        more = uniform >= below
        if not more.any():
            break
        count += more
        mass *= odds * np.maximum(trials - k, 0) / (k + 1)
        below += mass
    return np.minimum(count, trials)
