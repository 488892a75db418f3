"""Claims of several endpoints, analysis by analysis, and when trials stop.

Maurer W, Bretz F. *Stat Biopharm Res* 2013;5:311-20: the graph assigns an alpha to every endpoint,
which is spent over the analyses by the same function. Testing a secondary endpoint at full alpha
whenever the primary stops the trial would not control the type I error (Hung HMJ, Wang SJ, O'Neill
R. *J Biopharm Stat* 2007;17:1201-10).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from estimate.core.arrays import Bools, Floats, Ints
from estimate.sample_size.graphs import without
from pretese.trial.design.design_file import DesignFile
from pretese.trial.design.interim import upper_at


@dataclass(frozen=True, slots=True)
class Claims:
    """End of each trial: (replicate,) last analysis, (replicate, endpoint) claims.

    With two sides a claim may be in either direction.
    """

    analysis: NDArray[np.int64]
    claimed: Bools


@dataclass(frozen=True, slots=True)
class _Graphs:
    """Current graph of each trial; the arrays are updated as endpoints are claimed."""

    weights: Floats
    shares: Floats
    claimed: Bools


def decide_claims(design: DesignFile, z: Floats) -> Claims:
    """Perform the analyses of each trial until the primary endpoint is claimed.

    A trial also ends at the last analysis, or if the primary endpoint is below a futility boundary.
    Earlier claims remain valid. Without `multiplicity` every endpoint is tested at full alpha.

    Parameters
    ----------
    z
        (replicate, analysis, endpoint) statistics as if no trial had stopped, positive in favour of
        treatment, the primary first; NaN claims nothing.
    """
    trials, analyses, _ = z.shape
    lower = (
        design.monitoring.plan().lower if design.monitoring.sides == 1 else (-np.inf,) * analyses
    )
    graphs = _start(design, trials, z.shape[-1])
    analysis = np.zeros(trials, np.int64)
    for k in range(analyses):
        here = np.flatnonzero(analysis == 0)
        _test(design, graphs, here, z[here, k], k)
        futile = (z[here, k, 0] < lower[k]) if k + 1 < analyses else np.ones(here.size, bool)
        analysis[here[graphs.claimed[here, 0] | futile]] = k + 1
    return Claims(analysis, graphs.claimed)


def _start(design: DesignFile, trials: int, endpoints: int) -> _Graphs:
    graph = design.graph()
    weights = np.ones(endpoints) if graph is None else np.asarray(graph.weights)
    shares = np.zeros((endpoints, endpoints)) if graph is None else np.asarray(graph.transitions)
    return _Graphs(
        np.tile(weights, (trials, 1)),
        np.tile(shares, (trials, 1, 1)),
        np.zeros((trials, endpoints), bool),
    )


def _test(design: DesignFile, graphs: _Graphs, here: Ints, z: Floats, analysis: int) -> None:
    """Reject all hypotheses that the graphs of trials ``here`` allow at one analysis."""
    size = np.abs(z) if design.monitoring.sides == 2 else z
    for _ in range(z.shape[-1]):
        open_ = ~graphs.claimed[here] & (
            size >= _boundaries(design, graphs.weights[here], analysis)
        )
        found = np.flatnonzero(open_.any(1))
        if not found.size:
            break
        rows, gone = here[found], open_[found].argmax(1)
        graphs.claimed[rows, gone] = True
        if design.multiplicity is not None:
            left = without(graphs.weights[rows], graphs.shares[rows], gone)
            graphs.weights[rows], graphs.shares[rows] = left


def _boundaries(design: DesignFile, weights: Floats, analysis: int) -> Floats:
    """Return the boundaries of endpoints with these weights."""
    plan = design.monitoring
    levels, which = np.unique(np.round(weights, 12), return_inverse=True)
    boundaries = [
        upper_at(plan.analyses_percent, plan.efficacy, plan.sides, level * plan.alpha_percent / 100)
        for level in levels.tolist()
    ]
    found: Floats = np.asarray(boundaries)[which.reshape(weights.shape), analysis]
    return found
