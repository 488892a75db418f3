"""Recorded data: rounded values, and missing hormones."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simulate.core.coding import BASELINE, HORMONES
from simulate.core.random_streams import RandomStreams
from simulate.core.rounding import rounded
from simulate.patients.baseline import Patients
from simulate.scenario.sections.recording import Measurement

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def record(
    model: Measurement,
    patients: Patients,
    streams: RandomStreams,
    facts: Mapping[str, Flags] | None = None,
) -> dict[str, Floats]:
    """Return the baseline table as recorded; a missing hormone is NaN.

    Parameters
    ----------
    facts
        The flags of `simulate.scenario.MISSING_BY` that missing hormones may depend on, by name.
    """
    missing = _missing(model, patients, streams, facts or {})
    written = {}
    for name in BASELINE:
        seen = patients.reported(name) if name in missing else patients.baseline[name]
        written[name] = rounded(seen, model.rounded_to[name].value)
        if name in missing:
            written[name][missing[name]] = np.nan
    return written


def _missing(
    model: Measurement, patients: Patients, streams: RandomStreams, facts: Mapping[str, Flags]
) -> Mapping[str, Flags]:
    """Simulate missing hormones: correlated normal scores with a threshold for each hormone."""
    shared = np.sqrt(model.missing_correlation.value)
    own = np.sqrt(1 - model.missing_correlation.value)
    draws = streams.normal("missing", width=len(HORMONES) + 1)
    common = shared * draws[..., 0]
    widened = np.sqrt(1 + sum(each.value**2 for each in model.missing_by.values()))
    return {
        name: common + own * draws[..., column + 1]
        < widened * _missing_score(model, patients, name) + _pull(model, patients, facts, name)
        for column, name in enumerate(HORMONES)
    }


def _missing_score(model: Measurement, patients: Patients, hormone: str) -> Floats:
    """Return the normal score of the proportion of missing results at each patient's site."""
    share = model.missing[hormone].value
    if patients.sites is None:
        return np.asarray(ndtri(share))
    return patients.sites.missing_score(hormone, share)


def _pull(
    model: Measurement, patients: Patients, facts: Mapping[str, Flags], hormone: str
) -> Floats:
    """Return the shift of a patient's score towards missing: flags count as 1 and -1."""
    pull: Floats = np.zeros(())
    for cause, weight in model.missing_by.items():
        if not weight.value:
            continue
        named = hormone if cause == "itself" else cause
        score = patients.score[named] if named in patients.score else 2.0 * facts[named] - 1.0
        pull = pull + weight.value * score
    return pull
