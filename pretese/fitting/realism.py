"""Agreement of the simulated patients of a fitted scenario with the patients of a clinic."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from estimate.comparison.proportion import wilson_interval
from estimate.core.arrays import Bools, Floats
from estimate.population.indistinguishable import Nearness, Separation, nearness, separation
from pretese.fitting.table.clinic_patients import ClinicPatients
from pretese.fitting.table.column_map import FLAGS
from simulate.core.coding import DIAGNOSES

if TYPE_CHECKING:
    import pandas as pd

#: Synthetic patients that shares, quartiles and correlations are taken from; those that the
#: classifier gets, per real one.
SYNTHETIC = 20_000
PER_PATIENT = 4

#: Patients with both values that a correlation needs.
MIN_PAIRS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueWithLimits:
    """A statistic of real patients with its 95 % interval, and that of synthetic ones."""

    real: float
    conf_low: float
    conf_high: float
    synthetic: float

    @property
    def within(self) -> bool:
        """Whether the synthetic value lies in the interval."""
        return self.conf_low <= self.synthetic <= self.conf_high


@dataclass(frozen=True, slots=True)
class NumberRow:
    """Quartiles of a number among real and synthetic patients, and the distance of both.

    ``distance`` is the largest difference of the cumulative distributions (Kolmogorov-Smirnov).
    """

    name: str
    known: int
    real: tuple[float, float, float]
    synthetic: tuple[float, float, float]
    distance: float


@dataclass(frozen=True, slots=True)
class ShareRow(ValueWithLimits):
    """A percentage among real patients (95 % interval by Wilson) and among synthetic ones."""

    name: str
    of: int


@dataclass(frozen=True, slots=True)
class PairRow(ValueWithLimits):
    """Rank correlation of two numbers among real patients (95 % interval) and synthetic ones."""

    names: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Realism:
    """The whole comparison.

    Attributes
    ----------
    variables, shares, pairs
        Each number, percentage and pair of numbers in the table.
    separation
        Discrimination of a classifier between real and synthetic patients.
    nearness
        How near synthetic patients are to real ones.
    synthetic
        Number of synthetic patients behind quartiles, percentages and correlations.
    """

    variables: tuple[NumberRow, ...]
    shares: tuple[ShareRow, ...]
    pairs: tuple[PairRow, ...]
    separation: Separation
    nearness: Nearness
    synthetic: int


def compare_patients(patients: ClinicPatients, table: "pd.DataFrame", seed: int) -> Realism:
    """Compare a clinic's patients with a simulated table of patients.

    Parameters
    ----------
    table
        Simulated patients, as ``patients`` of a cohort holds them.
    seed
        Of the split into parts by which the classifier is judged.
    """
    synthetic = {name: table[name].to_numpy(float, na_value=np.nan) for name in _columns(patients)}
    both = _rows(patients), np.stack(list(_coded(synthetic, table, patients).values()), -1)
    some = both[1][: PER_PATIENT * patients.size]
    return Realism(
        variables=tuple(_variable(n, v, synthetic[n]) for n, v in patients.numbers.items()),
        shares=tuple(_shares(patients, synthetic, table)),
        pairs=tuple(_pairs(patients.numbers, synthetic)),
        separation=separation(both[0], some, seed),
        nearness=nearness(both[0], some),
        synthetic=len(table),
    )


def _columns(patients: ClinicPatients) -> tuple[str, ...]:
    return (*patients.numbers, *patients.flags)


def _rows(patients: ClinicPatients) -> Floats:
    columns = [*patients.numbers.values(), *patients.flags.values()]
    if patients.diagnosis is not None:
        columns += [(patients.diagnosis == c).astype(float) for c in range(1, len(DIAGNOSES))]
    return np.stack(columns, -1)


def _coded(
    synthetic: Mapping[str, Floats], table: "pd.DataFrame", patients: ClinicPatients
) -> dict[str, Floats]:
    """Return simulated columns in the order of `_rows`."""
    columns = dict(synthetic)
    if patients.diagnosis is not None:
        for name in DIAGNOSES[1:]:
            columns[f"diagnosis {name}"] = (table["diagnosis"] == name).to_numpy(float)
    return columns


def _variable(name: str, real: Floats, synthetic: Floats) -> NumberRow:
    known, drawn = real[np.isfinite(real)], synthetic[np.isfinite(synthetic)]
    distance = float(stats.ks_2samp(known, drawn).statistic)
    return NumberRow(name, known.size, _quartiles(known), _quartiles(drawn), distance)


def _quartiles(values: Floats) -> tuple[float, float, float]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def _shares(
    patients: ClinicPatients, synthetic: Mapping[str, Floats], table: "pd.DataFrame"
) -> list[ShareRow]:
    """Return percentages of diagnoses, therapy, outcomes by arm, and missing values."""
    found = []
    if patients.diagnosis is not None:
        for code, name in enumerate(DIAGNOSES):
            there = float((table["diagnosis"] == name).mean())
            found.append(_share(f"diagnosis: {name}", patients.diagnosis == code, there))
    arms = patients.treated, synthetic["gonadotropin_therapy"] == 1
    found.append(_share("treated", arms[0], float(arms[1].mean())))
    for name in FLAGS:
        if name == "gonadotropin_therapy" or name not in patients.flags:
            continue
        here, simulated = patients.flags[name], synthetic[name]
        for word, inside, drawn in (("treated", *arms), ("untreated", ~arms[0], ~arms[1])):
            known, at = inside & np.isfinite(here), drawn & np.isfinite(simulated)
            if known.any() and at.any():
                label = f"{name.replace('_', ' ')}, {word}"
                found.append(_share(label, here[known] == 1, float(simulated[at].mean())))
    for name, values in patients.numbers.items():
        if np.isnan(values).any():
            missing = float(np.isnan(synthetic[name]).mean())
            found.append(_share(f"{name} missing", np.isnan(values), missing))
    return found


def _share(name: str, real: Bools, synthetic: float) -> ShareRow:
    events, of = int(real.sum()), len(real)
    low, high = wilson_interval(events, of)
    return ShareRow(
        name=name,
        of=of,
        real=100 * events / of,
        conf_low=100 * float(low),
        conf_high=100 * float(high),
        synthetic=100 * synthetic,
    )


def _pairs(real: Mapping[str, Floats], synthetic: Mapping[str, Floats]) -> list[PairRow]:
    """Return rank correlations of all pairs; the interval is by Fisher's z (Bonett and Wright)."""
    found = []
    for names in combinations(real, 2):
        here, there = (np.stack([t[n] for n in names], -1) for t in (real, synthetic))
        here, there = (t[np.isfinite(t).all(1)] for t in (here, there))
        if len(here) < MIN_PAIRS:
            continue
        r, drawn = (float(stats.spearmanr(t[:, 0], t[:, 1]).statistic) for t in (here, there))
        width = 1.96 * np.sqrt((1 + r**2 / 2) / (len(here) - 3))
        low, high = np.tanh(np.arctanh(np.clip(r, -0.999, 0.999)) + np.array([-width, width]))
        found.append(
            PairRow(
                names=names, real=r, conf_low=float(low), conf_high=float(high), synthetic=drawn
            )
        )
    return found
