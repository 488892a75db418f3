"""What serum holds under therapy besides FSH: testosterone, estradiol and LH."""

import numpy as np
from numpy.typing import NDArray

from simulate.hormones.therapy import Course
from simulate.hormones.traits import Traits, pituitary
from simulate.patients.baseline import Patients
from simulate.scenario.sections.endocrine import Physiology

Floats = NDArray[np.float64]


def testosterone_nmol_l(patients: Patients, traits: Traits, course: Course) -> Floats:
    """Return true testosterone at the start and the ends of months 1 to 3, shape (4, R, man)."""
    return patients.baseline["testosterone_nmol_l"] * testosterone_ratio(
        traits, course.leydig_activity
    )


def testosterone_ratio(traits: Traits, leydig_activity: Floats) -> Floats:
    """Return testosterone as a multiple of the man's baseline, as his Leydig cells answer."""
    return 1 + (traits.testosterone_gain - 1) * leydig_activity


def estradiol_pmol_l(model: Physiology, patients: Patients, testosterone: Floats) -> Floats:
    """Return true estradiol, which follows testosterone through aromatase, shape (4, R, man)."""
    ratio = testosterone / testosterone[0]
    estradiol: Floats = (
        patients.baseline["estradiol_pmol_l"]
        * ratio**model.estradiol_per_testosterone_exponent.value
    )
    return estradiol


def lh_iu_l(model: Physiology, patients: Patients, traits: Traits, course: Course) -> Floats:
    """Return true LH, which no assay confuses with hCG here, shape (4, R, man)."""
    floor = model.suppressed_lh_iu_l.value
    return pituitary(patients.baseline["lh_iu_l"], floor, course.stimulus, traits)
