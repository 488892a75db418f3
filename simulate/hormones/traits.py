"""Hormones of a patient under gonadotropins, and the traits that make him answer as he does.

No source prints a monthly curve in patients with hypergonadotropic azoospermia; the mechanism is
assumed and every number of it stands in the scenario. hCG acts like LH: testosterone rises in
proportion to the answer of the Leydig cells and the patient's own gain, estradiol follows it, and
the pituitary withdraws slowly, in some patients wholly (FSH falls to a floor), in the others in
part. The stimulus ``s`` of the pituitary is 0 without hCG and 1 at the steady state of the
reference dose; log FSH and LH lie between their two ends in proportion to it.
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

#: Months over which therapy is planned, and so the assays at their ends.
MONTHS = 3


@dataclass(frozen=True, slots=True)
class Traits:
    """How each patient would answer to therapy, whether or not he gets any.

    Arrays of shape (replicate, patient). ``suppressible`` patients fall to a floor,
    ``floor_factor`` times the typical one (mean 1); the others keep ``kept_ratio`` of their FSH and
    LH. ``assay`` is the factor by which the FSH assay errs at the end of each month, shape
    (replicate, patient, month). ``half_life_h`` and ``exposure`` (area under the curve as a
    multiple of the mean) are how he eliminates each drug that reaches serum as FSH;
    ``draw_delay_days`` is how long after the month's end his blood is drawn, 0-dimensional if all
    are on time.
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
    """Draw the traits of every patient; both arms and every regimen share them."""
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
    """Return the log SD of a measured value around the true level: biology and assay together."""
    return math.hypot(model.assay_log_sd.value, model.within_patient_log_sd[hormone].value)


def draw_kinetics(model: Kinetics, streams: RandomStreams, drug: str) -> tuple[Floats, Floats]:
    """Draw each patient's half-life in hours and his area under the curve over the mean one."""
    z = streams.normal(f"{drug} kinetics", width=2)
    log_sd, area = model.elimination_log_sd.value, model.area_log_sd.value
    mean = model.elimination_half_life_h.value
    half_life = mean * np.exp(log_sd * z[..., 0] - log_sd**2 / 2)
    # Absorption is taken to be the faster step; nobody eliminates as fast as he absorbs.
    slowest = 1.05 * model.absorption_half_life_h.value
    return np.maximum(half_life, slowest), np.exp(area * z[..., 1] - area**2 / 2)


def pituitary(baseline: Floats, floor_iu_l: float, stimulus: Floats, traits: Traits) -> Floats:
    """Return endogenous FSH or LH in IU/L at a stimulus, from baseline down to the floor.

    Parameters
    ----------
    floor_iu_l
        Typical level of a fully suppressed patient; nobody rises to it from below.
    """
    fallen: Floats = baseline * np.exp(log_fall(baseline, floor_iu_l, traits) * stimulus)
    return fallen


def log_fall(baseline: Floats, floor_iu_l: float, traits: Traits) -> Floats:
    """Return the log of the part of his FSH or LH that a patient keeps at a stimulus of 1."""
    floor = np.minimum(floor_iu_l * traits.floor_factor / baseline, 1)
    return np.asarray(np.log(np.where(traits.suppressible, floor, traits.kept_ratio)))
