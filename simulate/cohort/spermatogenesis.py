"""A man's reserve, what therapy adds to it, and where sperm is seen.

One persistent reserve per man on the log-odds scale decides everything: sperm can be retrieved
where reserve plus effect exceeds 0, and shows in the ejaculate above a higher cut that depends on
the diagnosis. So a man with sperm in the ejaculate would also have been retrieved, and the odds
ratio of *any sperm* given all of a man's prognosis is exactly exp(effect).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from simulate.core.coding import DIAGNOSES
from simulate.core.random_streams import Luck
from simulate.hormones.serum import testosterone_ratio
from simulate.hormones.therapy import Course
from simulate.hormones.traits import Traits
from simulate.patients.baseline import Men
from simulate.patients.measurement import rounded
from simulate.scenario import Scenario, Spermatogenesis, Treatment

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Step to which the reserve is rounded: the last bits of a logarithm differ between processors.
#: The reserve that is written is the one that decides.
STEP = 1e-6


@dataclass(frozen=True, slots=True)
class Sperm:
    """Where sperm is under one course of therapy; arrays of shape (replicate, man).

    ``in_ejaculate``: at the semen check after therapy. ``retrievable``: would be found at
    micro-TESE (true as well for men with sperm in the ejaculate).
    """

    in_ejaculate: Flags
    retrievable: Flags


def hidden_score(scenario: Scenario, luck: Luck) -> Floats | None:
    """Draw what nobody measures, a normal score per man; None where it acts on nothing."""
    acts = scenario.choice.hidden.value or scenario.spermatogenesis.hidden.value
    return luck.normal("hidden") if acts else None


def reserve(model: Spermatogenesis, men: Men, luck: Luck, hidden: Floats | None = None) -> Floats:
    """Return each man's reserve without therapy: prognosis plus his own logistic luck.

    It is a multiple of `STEP`.
    """
    by_diagnosis = np.array([model.reserve[name].value for name in DIAGNOSES])
    level = by_diagnosis[men.diagnosis]
    for name, prognosis in model.prognosis.items():
        level += prognosis.per_unit.value * (men.baseline[name] - prognosis.centre.value)
    if hidden is not None:
        level += model.hidden.value * hidden
    own: Floats = logit(luck.uniform("reserve"))
    return rounded(level + own, STEP)


def direct_effect(treatment: Treatment, men: Men) -> Floats:
    """Return what a completed course adds to each man's reserve by the direct route alone."""
    by_diagnosis = np.array([treatment.by_diagnosis[name].value for name in DIAGNOSES])
    long_infertility = (
        men.baseline["infertility_duration_years"] > treatment.long_infertility_over_years.value
    )
    whole: Floats = (treatment.direct.value + by_diagnosis)[men.diagnosis]
    whole += treatment.long_infertility.value * long_infertility
    for name, modifier in treatment.modifiers.items():
        whole += modifier.per_unit.value * (men.baseline[name] - modifier.centre.value)
    return whole


def effect(treatment: Treatment, men: Men, course: Course, traits: Traits) -> Floats:
    """Return what a course adds to the reserve: each route times how far the course went along it.

    The direct route counts the share of the three months with any gonadotropin, so that it is 0
    without therapy and whole for a completed course.
    """
    direct = direct_effect(treatment, men)
    added: Floats = direct * course.share_treated
    if treatment.through_fsh_normalised.value:
        added = added + treatment.through_fsh_normalised.value * course.fsh_normalised
    if treatment.through_testosterone_per_log.value:
        rise = np.log(testosterone_ratio(traits, course.leydig_activity[-1]))
        added = added + treatment.through_testosterone_per_log.value * rise
    return added


def see_sperm(
    model: Spermatogenesis,
    men: Men,
    level: Floats,
    course: Course,
    traits: Traits,
    spontaneous: Floats,
    overlooked: Flags | None = None,
) -> Sperm:
    """Compare reserve plus effect with the two cuts.

    Parameters
    ----------
    level
        Reserve without therapy, from `reserve`.
    spontaneous
        Uniform luck per man: without therapy a man above the ejaculate cut shows sperm only where
        it falls below ``spontaneous_share``.
    overlooked
        Whether the semen check would overlook sperm that is there; None: never.
    """
    cut = np.array([model.ejaculate_cut[name].value for name in DIAGNOSES])[men.diagnosis]
    level = level + effect(model.treatment, men, course, traits)
    brought_out = (course.share_treated > 0) | (spontaneous < model.spontaneous_share.value)
    there = (level > cut) & brought_out
    seen = there if overlooked is None else there & ~overlooked
    return Sperm(in_ejaculate=seen, retrievable=level > 0)
