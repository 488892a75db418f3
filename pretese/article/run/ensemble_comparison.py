"""The published numbers over an ensemble of parameter sets: what they fix and what stays open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pretese.article.published import PublishedStudy
from pretese.article.report.compare import Row, compare
from pretese.article.simulated.run_studies import Block, analyse_block
from pretese.article.simulated.true_effects import CONTRASTS
from pretese.jobs.worker_pool import in_order, local_pool
from simulate.scenario import Scenario
from simulate.scenario.ensemble import Ensemble, member_scenario

Floats = NDArray[np.float64]

#: Simulated studies of each parameter set at least, so that its own mean is known.
MIN_STUDIES = 2

#: Percentiles between which a band lies.
BAND = (2.5, 97.5)

#: What a true effect is made of, as `true_effects` names it.
_PARTS = ("untreated", "treated", "risk_difference", "odds_ratio")


@dataclass(frozen=True, slots=True)
class EnsembleComparison:
    """Simulated studies of every parameter set.

    Attributes
    ----------
    worlds, studies
        Parameter sets, and studies of each.
    simulated
        Every statistic and true effect by id, shape (set, study).
    rows
        The published numbers compared with all of these studies together.
    sha256
        Hash of the ensemble's file.
    """

    worlds: int
    studies: int
    simulated: Mapping[str, Floats]
    rows: list[Row]
    sha256: str

    def band(self, name: str) -> tuple[float, float]:
        """Return the middle 95 % of the expected value of a number over the sets."""
        with np.errstate(invalid="ignore"):
            means = np.nanmean(self.simulated[name], axis=1)
        low, high = np.nanpercentile(means, BAND)
        return float(low), float(high)

    def open_share(self, name: str) -> float:
        """Return the share (0 to 1) of a number's variance that lies between parameter sets.

        By one-way analysis of variance: 0 is a number that the published ones fix up to the chance
        of one study, 1 one that they leave open.
        """
        values = self.simulated[name]
        complete = values[np.isfinite(values).all(axis=1)]
        if len(complete) < 2:
            return float("nan")
        within = complete.var(axis=1, ddof=1).mean()
        between = max(0.0, complete.mean(axis=1).var(ddof=1) - within / complete.shape[1])
        total = within + between
        return float(between / total) if total else float("nan")


def compare_over_ensemble(
    scenario: Scenario, ensemble: Ensemble, published: PublishedStudy, replicates: int, seed: int,
    workers: int, tell: Callable[[int], None],
) -> EnsembleComparison:  # fmt: skip
    """Simulate and analyse studies of every parameter set, ``replicates`` together at least."""
    worlds = len(ensemble.changes)
    studies = max(MIN_STUDIES, -(-replicates // worlds))
    blocks: list[Block] = [
        (member_scenario(scenario, changes), seed, index * studies, studies)
        for index, changes in enumerate(ensemble.changes)
    ]
    parts = []
    with local_pool(min(workers, worlds), (__name__,)) as pool:
        for part in in_order(analyse_block, blocks, pool):
            parts.append(part)
            tell(len(parts))
    simulated = {name: np.stack([part[name] for part in parts]) for name in parts[0]}
    pooled = {name: values.ravel() for name, values in simulated.items()}
    rows = [replace(row, z=None) for row in compare(scenario, published, pooled)]
    return EnsembleComparison(worlds, studies, simulated, rows, ensemble.sha256)


def ensemble_frame(found: EnsembleComparison) -> pd.DataFrame:
    """Return one row per modelled number: published value, band, percentile, share left open."""
    rows = [
        {
            "id": row.id, "label": row.label, "published": row.published, "status": row.status,
            "mean": row.simulated.simulated_mean, "band_low": found.band(row.id)[0],
            "band_high": found.band(row.id)[1], "low_2_5": row.simulated.low_2_5,
            "high_97_5": row.simulated.high_97_5, "percentile": row.simulated.percentile,
            "open_share": found.open_share(row.id),
        }
        for row in found.rows if row.simulated is not None
    ]  # fmt: skip
    return pd.DataFrame(rows)


def effect_bands(found: EnsembleComparison) -> list[tuple[str, list[tuple[float, float]]]]:
    """Return each true effect in words, with the bands of both risks, difference and odds ratio."""
    return [
        (each.words, [found.band(f"truth.{each.key}.{part}") for part in _PARTS])
        for each in CONTRASTS
    ]
