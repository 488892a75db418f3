"""Values of a course of therapy for formulas of a scenario."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from simulate.hormones.course import Course
from simulate.hormones.serum import testosterone_ratio
from simulate.hormones.traits import Traits
from simulate.patients.baseline import Patients
from simulate.scenario.sections.endocrine import Physiology

Floats = NDArray[np.float64]


def course_values(
    physiology: Physiology, patients: Patients, course: Course, traits: Traits
) -> Mapping[str, Floats]:
    """Return what formulas may name of a course, each of shape (replicate, patient)."""
    before = patients.baseline["testosterone_nmol_l"]
    ratio = testosterone_ratio(physiology, before, traits, course.leydig_activity[-1])
    found = {
        "share_treated": course.share_treated,
        "fsh_normalised": course.fsh_normalised,
        "testosterone_ratio": ratio,
    }
    return {name: np.broadcast_to(each, before.shape) * 1.0 for name, each in found.items()}
