"""True effects over an ensemble of parameter sets: what the published numbers leave open."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from simulate.scenario import Scenario
from simulate.scenario.ensemble import Ensemble, member_scenario
from simulate.truth import SCALES, Effect, estimands_of, population_effects, truth_table

#: Percentiles between which a band lies.
BAND = (2.5, 97.5)

#: Patients simulated for each parameter set at least.
MIN_PATIENTS = 20_000


def truth_with_bands(
    scenario: Scenario, ensemble: Ensemble, patients: int, seed: int,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:  # fmt: skip
    """Return true effects at the calibrated point, each with its band over the parameter sets.

    Parameters
    ----------
    patients
        Simulated at the calibrated point; the parameter sets share as many, but each has at least
        `MIN_PATIENTS`.

    Returns
    -------
    pandas.DataFrame
        The columns of `simulate.truth.truth_table`, then ``band_low``, ``band_median`` and
        ``band_high`` of the truth, and ``risk_untreated_low`` and so on of both risks.
    """
    effects = population_effects(scenario, seed, patients)
    frame = truth_table(effects, estimands_of(scenario))
    each = max(MIN_PATIENTS, patients // len(ensemble.changes))
    found = []
    for changes in ensemble.changes:
        found.append(population_effects(member_scenario(scenario, changes), seed, each))
        tell(len(found), len(ensemble.changes))
    return frame.assign(**_bands(found))


def _bands(found: list[dict[str, Effect]]) -> dict[str, list[float]]:
    """Return columns of bands, in the order of `truth_table`."""
    bands: dict[str, list[float]] = {}
    for key in found[0]:
        effects = [each[key] for each in found]
        for scale in SCALES:
            low, middle, high = _percentiles([float(getattr(each, scale)) for each in effects])
            row = {"band_low": low, "band_median": middle, "band_high": high}
            for risk in ("risk_untreated", "risk_treated"):
                ends = _percentiles([float(getattr(each, risk)) for each in effects])
                row |= {f"{risk}_low": ends[0], f"{risk}_high": ends[2]}
            for name, value in row.items():
                bands.setdefault(name, []).append(value)
    return bands


def _percentiles(values: list[float]) -> tuple[float, float, float]:
    finite = np.array([value for value in values if np.isfinite(value)])
    if not finite.size:
        return (float("nan"),) * 3
    low, middle, high = np.percentile(finite, [BAND[0], 50, BAND[1]])
    return float(low), float(middle), float(high)
