"""Micro-TESE: duration, number of testes, complications, and handling of sperm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.core.random_streams import RandomStreams
from simulate.scenario.sections.procedures import Surgery

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Operations:
    """Potential micro-TESE of every patient, operated on or not; shape (replicate, patient).

    ``one_side_enough``: sperm, if there is any, is in the first testis opened.
    ``testosterone_kept`` multiplies testosterone before surgery.
    """

    minutes: Floats
    one_side_enough: Flags
    complication: Flags
    testosterone_kept: Floats


def draw_operations(model: Surgery, streams: RandomStreams) -> Operations:
    """Simulate every operation; minutes are log-normal with the mean and SD of the scenario."""
    mean, sd = model.minutes.value, model.minutes_sd.value
    log_sd = np.sqrt(np.log1p((sd / mean) ** 2))
    kept = model.testosterone_kept_log_sd.value * streams.normal("testosterone after surgery")
    return Operations(
        minutes=mean * np.exp(log_sd * streams.normal("minutes of surgery") - log_sd**2 / 2),
        one_side_enough=streams.uniform("side") < model.one_side_share.value,
        complication=streams.uniform("complication") < model.complication_share.value,
        testosterone_kept=model.testosterone_kept.value * np.exp(kept),
    )


def sides(operations: Operations, sperm_retrieved: Flags) -> NDArray[np.int8]:
    """Return the number of testes opened: the second only if no sperm was found in the first."""
    return np.where(operations.one_side_enough & sperm_retrieved, 1, 2).astype(np.int8)


def frozen(model: Surgery, streams: RandomStreams) -> Flags:
    """Select at random whose testicular sperm is frozen; other sperm is used fresh."""
    return np.asarray(streams.uniform("freezing") < model.frozen_share.value)


def sperm_available(model: Surgery, streams: RandomStreams) -> Flags:
    """Select at random whose testicular sperm is usable at ICSI: fresh, or alive after thawing."""
    dead = streams.uniform("thawing") < model.thaw_failure.value
    return ~(frozen(model, streams) & dead)
