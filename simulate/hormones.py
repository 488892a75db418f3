"""Hormones of a man from month to month: how he answers to hCG and uFSH.

No source prints a monthly curve in men with hypergonadotropic azoospermia; the mechanism is
assumed and every number of it stands in the scenario. hCG acts like LH: testosterone approaches
a gain of the man's own, and the pituitary withdraws, in some men wholly (FSH falls to a floor),
in the others in part. The stimulus ``s`` of a month is 0 without hCG and 1 at the steady state of
the reference dose; log hormones lie between their two ends in proportion to it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.luck import Luck
from simulate.scenario import Physiology

Floats = NDArray[np.float64]

#: Months over which therapy is planned, and so the assays at their ends.
MONTHS = 3


@dataclass(frozen=True, slots=True)
class Traits:
    """How each man would answer to hCG, whether or not he gets any.

    Arrays of shape (replicate, man). ``suppressible`` men fall to a floor, ``floor_factor`` times
    the typical one (mean 1); the others keep ``kept_ratio`` of their FSH and LH. ``assay`` is
    the factor by which the FSH assay errs at the end of each month, shape (replicate, man, month).
    """

    testosterone_gain: Floats
    suppressible: NDArray[np.bool_]
    floor_factor: Floats
    kept_ratio: Floats
    assay: Floats


def draw_traits(model: Physiology, luck: Luck) -> Traits:
    """Draw the traits of every man; both arms and every regimen share them."""
    gain, floor, kept = np.moveaxis(luck.normal("hormone traits", width=3), -1, 0)
    spread = model.suppressed_log_sd.value
    return Traits(
        testosterone_gain=model.testosterone_gain.value
        * np.exp(model.testosterone_gain_log_sd.value * gain),
        suppressible=luck.uniform("suppressible") < model.suppressible_share.value,
        floor_factor=np.exp(spread * floor - spread**2 / 2),
        kept_ratio=np.minimum(
            model.unsuppressed_ratio.value * np.exp(model.unsuppressed_ratio_log_sd.value * kept), 1
        ),
        assay=np.exp(model.assay_log_sd.value * luck.normal("FSH assay", width=MONTHS)),
    )


def drive(model: Physiology, hcg_iu_week: Floats) -> Floats:
    """Return the stimulus that a weekly dose leads to: saturating, 1 at the reference dose."""
    half, reference = model.hcg_half_effect_iu_week.value, model.hcg_reference_iu_week.value
    return hcg_iu_week / (hcg_iu_week + half) * (reference + half) / reference


def pituitary(baseline: Floats, floor_iu_l: float, stimulus: Floats, traits: Traits) -> Floats:
    """Return endogenous FSH or LH in IU/L at a stimulus, from the man's baseline down to his end.

    Parameters
    ----------
    floor_iu_l
        Typical level of a fully suppressed man; nobody rises to it from below.
    """
    floor = np.minimum(floor_iu_l * traits.floor_factor / baseline, 1)
    end = np.where(traits.suppressible, floor, traits.kept_ratio)
    fallen: Floats = baseline * end**stimulus
    return fallen
