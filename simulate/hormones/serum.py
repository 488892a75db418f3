"""Serum hormones under therapy other than FSH: testosterone, estradiol and LH."""

from collections.abc import Callable, Mapping, Set

import numpy as np
from numpy.typing import NDArray

from simulate.core.coding import ASSAYED
from simulate.core.random_streams import RandomStreams
from simulate.hormones.course import Course
from simulate.hormones.traits import MONTHS, Traits, measured_log_sd, pituitary
from simulate.patients.baseline import Patients
from simulate.patients.sites import SitesOfPatients
from simulate.scenario.sections.endocrine import Physiology

Floats = NDArray[np.float64]

#: Lower limit of the stimulus of the Leydig cells, as a fraction of that before therapy.
MIN_STIMULUS = 0.05


def testosterone_nmol_l(
    model: Physiology, patients: Patients, traits: Traits, course: Course
) -> Floats:
    """Return true testosterone before and at the ends of months 1 to 3, shape (4, R, patient)."""
    baseline = patients.baseline["testosterone_nmol_l"]
    return baseline * testosterone_ratio(model, baseline, traits, course.leydig_activity)


def testosterone_ratio(
    model: Physiology, baseline: Floats, traits: Traits, leydig_activity: Floats
) -> Floats:
    """Return testosterone as a multiple of the patient's baseline, by a saturating Leydig response.

    The stimulus of the Leydig cells multiplies by ``leydig_stimulation`` at an activity of 1. The
    response is a Michaelis-Menten function of the stimulus, with the ceiling as its maximum and the
    baseline value as the response to endogenous LH: the odds of testosterone against the ceiling
    multiply by the same factor, so that high baseline values increase less.

    Examples
    --------
    >>> from types import SimpleNamespace as Any
    >>> model = Any(testosterone_ceiling_nmol_l=Any(value=45.0))
    >>> traits = Any(leydig_stimulation=np.array([2.0, 2.0]))
    >>> base = np.array([10.0, 30.0])
    >>> (base * testosterone_ratio(model, base, traits, np.ones(2))).round(1).tolist()
    [16.4, 36.0]
    """
    ceiling = model.testosterone_ceiling_nmol_l.value
    stimulus = 1 + (traits.leydig_stimulation - 1) * leydig_activity
    stimulus = np.maximum(stimulus, MIN_STIMULUS)
    ratio: Floats = ceiling * stimulus / (ceiling + baseline * (stimulus - 1))
    return ratio


def intratesticular_testosterone_ng_ml(
    model: Physiology, streams: RandomStreams, leydig_activity: Floats
) -> Floats:
    """Return latent intratesticular testosterone at given Leydig activities of each patient.

    It is log-normal between patients and proportional to the activity; it is not observed.
    """
    log_sd = model.intratesticular_testosterone_log_sd.value
    own = np.exp(log_sd * streams.normal("intratesticular testosterone") - log_sd**2 / 2)
    rise = (model.intratesticular_testosterone_ratio.value - 1) * leydig_activity
    return np.asarray(model.intratesticular_testosterone_ng_ml.value * own * (1 + rise))


def assay_factors(
    model: Physiology,
    missing_at_visits: float,
    streams: RandomStreams,
    deciding: Set[str],
    sites: SitesOfPatients | None = None,
) -> Floats:
    """Return measured over true values, shape (hormone, month, replicate, patient).

    Each hormone varies by the assay and within the patient, independently of the others. NaN marks
    a result that is missing. The hormones ``deciding`` on therapy are never missing here; the
    factor of FSH is in `simulate.hormones.traits.Traits`.
    """
    log_sd = np.array([measured_log_sd(model, name) for name in ASSAYED])
    width = len(ASSAYED) * MONTHS
    drawn = np.moveaxis(streams.normal("other assays", width=width), -1, 0)
    shape = (len(ASSAYED), MONTHS, *drawn.shape[1:])
    factors: Floats = np.exp(log_sd[:, None, None, None] * drawn.reshape(shape))
    if sites is not None:
        factors *= np.stack([sites.measured_ratio(name) for name in ASSAYED])[:, None]
    if missing_at_visits:
        uniform = np.moveaxis(streams.uniform("missing at visits", width=width), -1, 0)
        missing = (uniform < missing_at_visits).reshape(shape)
        missing[[ASSAYED.index(name) for name in deciding if name in ASSAYED]] = False
        factors[missing] = np.nan
    return factors


def hormones_at(
    model: Physiology, patients: Patients, traits: Traits, stimulus: Floats, leydig: Floats
) -> Mapping[str, Callable[[], Floats]]:
    """Return functions that compute the true hormones other than FSH at one time.

    Parameters
    ----------
    stimulus, leydig
        The stimulus of the pituitary and the Leydig activity, as in `Course`.
    """
    baseline = patients.baseline

    def ratio() -> Floats:
        return testosterone_ratio(model, baseline["testosterone_nmol_l"], traits, leydig)

    def testosterone() -> Floats:
        return np.asarray(baseline["testosterone_nmol_l"] * ratio())

    def estradiol() -> Floats:
        exponent = model.estradiol_per_testosterone_exponent.value
        relative = testosterone() / baseline["testosterone_nmol_l"]
        return np.asarray(baseline["estradiol_pmol_l"] * relative**exponent)

    def lh() -> Floats:
        return pituitary(baseline["lh_iu_l"], model.suppressed_lh_iu_l.value, stimulus, traits)

    return {"testosterone_nmol_l": testosterone, "estradiol_pmol_l": estradiol, "lh_iu_l": lh}


def estradiol_pmol_l(model: Physiology, patients: Patients, testosterone: Floats) -> Floats:
    """Return true estradiol, which follows testosterone by aromatisation, shape (4, R, patient)."""
    ratio = testosterone / testosterone[0]
    estradiol: Floats = (
        patients.baseline["estradiol_pmol_l"]
        * ratio**model.estradiol_per_testosterone_exponent.value
    )
    return estradiol


def lh_iu_l(model: Physiology, patients: Patients, traits: Traits, course: Course) -> Floats:
    """Return true LH, without cross-reaction of hCG, shape (4, R, patient)."""
    floor = model.suppressed_lh_iu_l.value
    return pituitary(patients.baseline["lh_iu_l"], floor, course.stimulus, traits)
