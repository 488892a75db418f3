"""A dated forecast of a registered trial, kept so that it can be scored when results come."""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from protocol.errors import InputError

#: Version of the form of a record.
RECORD_SCHEMA = "pretese/forecast-record/1"

#: What a trial may show, each excluding the others.
OUTCOMES = ("benefit", "harm", "neither")


def outcome_probabilities(success: float, harm_shown: float) -> dict[str, float]:
    """Return the probability of each outcome of a trial; they sum to 1.

    Parameters
    ----------
    success, harm_shown
        Probability that the trial rejects in favour of treatment, and in favour of control.

    Examples
    --------
    >>> outcome_probabilities(0.25, 0.125)
    {'benefit': 0.25, 'harm': 0.125, 'neither': 0.625}
    """
    return {"benefit": success, "harm": harm_shown, "neither": 1 - success - harm_shown}


def forecast_scores(probabilities: Mapping[str, float], outcome: str) -> dict[str, float]:
    """Return how good a forecast was, once the trial has an outcome; less is better.

    Parameters
    ----------
    probabilities
        Of every outcome, as `outcome_probabilities` returns them.
    outcome
        ``benefit``, ``harm`` or ``neither``: what the trial's own test showed.

    Returns
    -------
    dict
        ``brier``: sum of squared differences from the outcome, 0 to 2 (Brier, Mon Weather Rev
        1950;78:1-3, equation 2); ``logarithmic``: minus the natural logarithm of the probability
        of the observed outcome (Good, J R Stat Soc B 1952;14:107-114).

    Raises
    ------
    InputError
        There is no such outcome.

    Examples
    --------
    >>> forecast_scores({"benefit": 0.25, "harm": 0.25, "neither": 0.5}, "benefit")["brier"]
    0.875
    """
    if outcome not in OUTCOMES:
        cure = f"give {', '.join(OUTCOMES)}"
        raise InputError.of("outcome", "", f"{outcome!r} is not an outcome", cure)
    brier = sum((share - (name == outcome)) ** 2 for name, share in probabilities.items())
    given = probabilities[outcome]
    return {"brier": brier, "logarithmic": -math.log(given) if given > 0 else math.inf}


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with the SHA-256 of its content as the last field.

    The hash is that of the other fields as JSON, with sorted keys and without spaces.
    """
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {**record, "content_sha256": hashlib.sha256(text.encode()).hexdigest()}
