"""Hormones under gonadotropins, and the individual traits that determine the response.

No source gives monthly curves in patients with hypergonadotropic azoospermia; the mechanism is
assumed, and all of its numbers are in the scenario. hCG acts like LH: testosterone rises in
proportion to the Leydig cell response and the individual gain, estradiol follows it, and the
pituitary is suppressed slowly, completely in some patients (FSH falls to a floor) and partly in
others. The stimulus ``s`` of the pituitary is 0 without hCG and 1 at the steady state of the
reference dose; log FSH and log LH are interpolated between their two ends.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.core.random_streams import RandomStreams
from simulate.hormones.drugs import actions
from simulate.scenario.sections.endocrine import Kinetics, Physiology

Floats = NDArray[np.float64]

#: Months of planned therapy, with assays at the end of each.
MONTHS = 3


@dataclass(frozen=True, slots=True)
class Traits:
    """Individual response of each patient to therapy, whether or not it is given.

    Arrays of shape (replicate, patient). ``suppressible`` patients fall to a floor,
    ``floor_factor`` times the typical one (mean 1); the others keep ``kept_ratio`` of their FSH and
    LH. ``assay`` is the factor by which the FSH assay errs at the end of each month, shape
    (replicate, patient, month). ``half_life_h`` and ``exposure`` (area under the curve as a
    multiple of the mean) describe the kinetics of each drug with FSH activity; ``draw_delay_days``
    is the delay of the blood sample after the month's end, 0-dimensional if all are on time.
    """

    leydig_stimulation: Floats
    suppressible: NDArray[np.bool_]
    floor_factor: Floats
    kept_ratio: Floats
    assay: Floats
    half_life_h: Mapping[str, Floats]
    exposure: Mapping[str, Floats]
    draw_delay_days: Floats


def draw_traits(model: Physiology, streams: RandomStreams) -> Traits:
    """Simulate the traits of every patient, common to both arms and all regimens."""
    gain, floor, kept = np.moveaxis(streams.normal("hormone traits", width=3), -1, 0)
    log_sd = model.suppressed_log_sd.value
    own = {
        drug: draw_kinetics(action.fsh, streams, drug)
        for drug, action in actions(model).items()
        if action.fsh
    }
    most, fsh_log_sd = model.draw_delay_days.value, measured_log_sd(model, "fsh_iu_l")
    return Traits(
        leydig_stimulation=model.leydig_stimulation.value
        * np.exp(model.leydig_stimulation_log_sd.value * gain),
        suppressible=streams.uniform("suppressible") < model.suppressible_share.value,
        floor_factor=np.exp(log_sd * floor - log_sd**2 / 2),
        kept_ratio=np.minimum(
            model.unsuppressed_ratio.value * np.exp(model.unsuppressed_ratio_log_sd.value * kept), 1
        ),
        assay=np.exp(fsh_log_sd * streams.normal("FSH assay", width=MONTHS)),
        half_life_h={drug: half_life for drug, (half_life, _) in own.items()},
        exposure={drug: exposure for drug, (_, exposure) in own.items()},
        draw_delay_days=most * streams.uniform("draw delay") if most else np.zeros(()),
    )


def measured_log_sd(model: Physiology, hormone: str) -> float:
    """Return the log SD of a measurement around the true level: biology and assay."""
    return math.hypot(model.assay_log_sd.value, model.within_patient_log_sd[hormone].value)


def draw_kinetics(model: Kinetics, streams: RandomStreams, drug: str) -> tuple[Floats, Floats]:
    """Draw each patient's half-life in hours, and the area under the curve over the mean."""
    z = streams.normal(f"{drug} kinetics", width=2)
    log_sd, area = model.elimination_log_sd.value, model.area_log_sd.value
    mean = model.elimination_half_life_h.value
    half_life = mean * np.exp(log_sd * z[..., 0] - log_sd**2 / 2)
    # Absorption is assumed to be faster than elimination in every patient.
    slowest = 1.05 * model.absorption_half_life_h.value
    return np.maximum(half_life, slowest), np.exp(area * z[..., 1] - area**2 / 2)


def pituitary(baseline: Floats, floor_iu_l: float, stimulus: Floats, traits: Traits) -> Floats:
    """Return endogenous FSH or LH in IU/L at a stimulus, from baseline down to the floor.

    Parameters
    ----------
    floor_iu_l
        Typical level of a fully suppressed patient; lower baseline levels do not rise to it.
    """
    fallen: Floats = baseline * np.exp(log_fall(baseline, floor_iu_l, traits) * stimulus)
    return fallen


def log_fall(baseline: Floats, floor_iu_l: float, traits: Traits) -> Floats:
    """Return the log of the fraction of FSH or LH that remains at a stimulus of 1."""
    floor = np.minimum(floor_iu_l * traits.floor_factor / baseline, 1)
    return np.asarray(np.log(np.where(traits.suppressible, floor, traits.kept_ratio)))
