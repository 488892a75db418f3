"""Spermatogenic liability, the effect of therapy on it, and the location of sperm.

One persistent spermatogenic liability per patient on the log-odds scale determines the outcome:
sperm can be retrieved if liability plus effect exceeds 0, and appears in the ejaculate above a
higher threshold that depends on the diagnosis. Hence a patient with sperm in the ejaculate would
also have sperm retrieved at surgery, and the odds ratio of *any sperm* conditional on the full
prognosis is exactly exp(effect).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from simulate.cohort.course_values import course_values
from simulate.core.coding import DIAGNOSES
from simulate.core.random_streams import RandomStreams
from simulate.core.rounding import rounded
from simulate.hormones.course import Course
from simulate.hormones.serum import testosterone_ratio
from simulate.hormones.traits import Traits
from simulate.patients.baseline import Patients
from simulate.scenario.scenario_file import Scenario
from simulate.scenario.sections.endocrine import Physiology
from simulate.scenario.sections.sperm_production import Spermatogenesis, Treatment

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Step to which the spermatogenic liability is rounded: the last bits of a logarithm differ between
#: processors.
#: The rounded liability is used throughout, so that the exported value determines the outcome.
STEP = 1e-6


@dataclass(frozen=True, slots=True)
class Sperm:
    """Location of sperm under one course of therapy; arrays of shape (replicate, patient).

    ``in_ejaculate``: at the semen analysis after therapy. ``retrievable``: would be found at
    micro-TESE (true as well for patients with sperm in the ejaculate).
    """

    in_ejaculate: Flags
    retrievable: Flags


def hidden_score(scenario: Scenario, streams: RandomStreams) -> Floats | None:
    """Simulate the unmeasured confounder, a normal score per patient; None if it has no effect."""
    acts = scenario.choice.hidden.value or scenario.spermatogenesis.hidden.value
    return streams.normal("hidden") if acts else None


def spermatogenic_liability(
    model: Spermatogenesis, patients: Patients, streams: RandomStreams, hidden: Floats | None = None
) -> Floats:
    """Return each patient's liability without therapy: prognosis plus a logistic residual.

    It is a multiple of `STEP`.
    """
    by_diagnosis = np.array([model.spermatogenic_liability[name].value for name in DIAGNOSES])
    level = by_diagnosis[patients.diagnosis]
    if patients.sites is not None:
        level += patients.sites.spermatogenic_liability
    for name, prognosis in model.prognosis.items():
        level += prognosis.per_unit.value * (patients.baseline[name] - prognosis.centre.value)
    if patients.user_defined is not None:
        level = level + patients.user_defined.added("spermatogenic_liability")
    if hidden is not None:
        level += model.hidden.value * hidden
    own: Floats = logit(streams.uniform("spermatogenic liability"))
    return rounded(level + own, STEP)


def direct_effect(treatment: Treatment, patients: Patients) -> Floats:
    """Return the effect of a completed course on each patient's liability by the direct route."""
    by_diagnosis = np.array([treatment.by_diagnosis[name].value for name in DIAGNOSES])
    long_infertility = (
        patients.baseline["infertility_duration_years"]
        > treatment.long_infertility_over_years.value
    )
    whole: Floats = (treatment.direct.value + by_diagnosis)[patients.diagnosis]
    whole += treatment.long_infertility.value * long_infertility
    if patients.sites is not None:
        whole += patients.sites.effect
    for name, modifier in treatment.modifiers.items():
        whole += modifier.per_unit.value * (patients.baseline[name] - modifier.centre.value)
    return whole


def effect(
    treatment: Treatment,
    physiology: Physiology,
    patients: Patients,
    course: Course,
    traits: Traits,
) -> Floats:
    """Return the effect of a course on the liability: the sum of each route times its exposure.

    The direct route is multiplied by the proportion of the three months with any gonadotropin: 0
    without therapy and 1 for a completed course.
    """
    direct = direct_effect(treatment, patients)
    added: Floats = direct * course.share_treated
    if treatment.through_fsh_normalised.value:
        added = added + treatment.through_fsh_normalised.value * course.fsh_normalised
    if treatment.through_testosterone_per_log.value:
        ratio = testosterone_ratio(
            physiology, patients.baseline["testosterone_nmol_l"], traits, course.leydig_activity[-1]
        )
        rise = np.log(ratio)
        added = added + treatment.through_testosterone_per_log.value * rise
    if patients.user_defined is not None:
        further = course_values(physiology, patients, course, traits)
        own = patients.user_defined.added("treatment_effect", further)
        added = added + np.where(further["share_treated"] > 0, own, 0.0)
    return added


def see_sperm(
    model: Spermatogenesis,
    physiology: Physiology,
    patients: Patients,
    level: Floats,
    course: Course,
    traits: Traits,
    spontaneous: Floats,
    overlooked: Flags | None = None,
) -> Sperm:
    """Compare liability plus effect with the two thresholds.

    Parameters
    ----------
    level
        Liability without therapy, from `spermatogenic_liability`.
    spontaneous
        Uniform number per patient: without therapy, a patient above the ejaculate threshold has
        sperm in the ejaculate only if the number is below ``spontaneous_share``.
    overlooked
        Whether the semen analysis would miss sperm that is present; None: never.
    """
    cut = np.array([model.ejaculate_threshold[name].value for name in DIAGNOSES])[
        patients.diagnosis
    ]
    level = level + effect(model.treatment, physiology, patients, course, traits)
    brought_out = (course.share_treated > 0) | (spontaneous < model.spontaneous_share.value)
    there = (level > cut) & brought_out
    seen = there if overlooked is None else there & ~overlooked
    return Sperm(in_ejaculate=seen, retrievable=level > 0)
