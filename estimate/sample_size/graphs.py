"""Graphical multiple testing procedures with Bonferroni weights.

Bretz F, Maurer W, Brannath W, Posch M. *Stat Med* 2009;28:586-604, algorithm 1; adjusted p-values
by algorithm 2. Fixed sequence, fallback and Holm are graphs too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from estimate.core.arrays import Floats
from protocol.errors import Fault, InputError


@dataclass(frozen=True, slots=True)
class Graph:
    """Weights of hypotheses, and their redistribution after a rejection.

    Attributes
    ----------
    names
        (m,) hypotheses.
    weights
        (m,) initial fractions of alpha; their sum is at most 1.
    transitions
        (m, m) row i: fractions of the weight of i passed to the others on its rejection; each row
        sums to at most 1 and the diagonal is 0.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...]
    transitions: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        m, faults = len(self.names), []
        if len(set(self.names)) != m or m == 0:
            faults.append(_fault("names", f"{self.names} are not distinct", "name each once"))
        if len(self.weights) != m or [len(row) for row in self.transitions] != [m] * m:
            faults.append(
                _fault("transitions", "sizes differ", f"give {m} rows of {m} and {m} weights")
            )
            raise InputError(faults)
        w, g = np.asarray(self.weights), np.asarray(self.transitions)
        if (w < 0).any() or w.sum() > 1 + 1e-9:
            faults.append(
                _fault("weights", f"they sum to {w.sum():g}", "let them sum to 1 at most")
            )
        if (g < 0).any() or (g.sum(1) > 1 + 1e-9).any():
            faults.append(_fault("transitions", "a row is negative or exceeds 1", "scale the row"))
        if np.diag(g).any():
            faults.append(_fault("transitions", "the diagonal is not 0", "set it to 0"))
        if faults:
            raise InputError(faults)


def fixed_sequence(names: tuple[str, ...]) -> Graph:
    """Return the fixed-sequence graph: each hypothesis is tested at full alpha in order."""
    m = len(names)
    weights = (1.0, *(0.0 for _ in names[1:]))
    return Graph(names, weights, _rows(np.eye(m, k=1)))


def fallback(names: tuple[str, ...], weights: tuple[float, ...]) -> Graph:
    """Return the fallback graph, which passes each weight to the next hypothesis (Wiens 2003)."""
    return Graph(names, weights, _rows(np.eye(len(names), k=1)))


def holm(names: tuple[str, ...]) -> Graph:
    """Return the graph of Holm's procedure: equal weights, redistributed equally."""
    m = len(names)
    shares = (1 - np.eye(m)) / max(1, m - 1)
    return Graph(names, (1 / m,) * m, _rows(shares))


def adjusted_p(graph: Graph, p: ArrayLike) -> Floats:
    """Return adjusted p-values: hypothesis i is rejected at family-wise level a if adj_i <= a.

    Parameters
    ----------
    p
        (..., m) unadjusted p-values; replicates are leading axes. NaN, a test without a result,
        counts as 1.

    Examples
    --------
    >>> graph = fallback(("any sperm", "live birth"), (0.8, 0.2))
    >>> [round(float(a), 5) for a in adjusted_p(graph, [0.015, 0.020])]
    [0.01875, 0.02]
    """
    values = np.asarray(p, float)
    if values.shape[-1:] != (len(graph.names),):
        problem = f"{values.shape[-1:]} p-values were given for {len(graph.names)} hypotheses"
        raise InputError([_fault("p", problem, "give one for each hypothesis")])
    flat = np.where(np.isnan(values), 1.0, values).reshape(-1, values.shape[-1])
    rows, m = flat.shape
    weights = np.tile(np.asarray(graph.weights, float), (rows, 1))
    shares = np.tile(np.asarray(graph.transitions, float), (rows, 1, 1))
    open_, adjusted, floor = np.ones((rows, m), bool), np.ones((rows, m)), np.zeros(rows)
    each = np.arange(rows)
    for _ in range(m):
        scaled = np.divide(flat, weights, out=np.full_like(flat, np.inf), where=weights > 0)
        first = np.where(open_, scaled, np.inf).argmin(1)
        # With no weight left on any open hypothesis all of `scaled` is infinite: nothing adjusts
        # below 1, and it does not matter which goes first.
        first = np.where(open_[each, first], first, open_.argmax(1))
        floor = np.maximum(floor, np.minimum(1.0, scaled[each, first]))
        adjusted[each, first] = floor
        open_[each, first] = False
        weights, shares = without(weights, shares, first)
    return adjusted.reshape(values.shape)


def reject(graph: Graph, p: ArrayLike, alpha: float) -> NDArray[np.bool_]:
    """Return (..., m) which hypotheses the graph rejects at family-wise level ``alpha``."""
    return np.asarray(adjusted_p(graph, p) <= alpha * (1 + 1e-12))


def without(weights: Floats, shares: Floats, gone: NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return the graphs that are left after the rejection of one hypothesis in each of them.

    Algorithm 1, step 2.

    Parameters
    ----------
    weights, shares
        (row, m) weights and (row, m, m) transitions.
    gone
        (row,) number of the hypothesis.
    """
    rows, m = weights.shape
    each = np.arange(rows)
    out, into = shares[each, gone], shares[each, :, gone]
    weights = weights + weights[each, gone][:, None] * out
    back = 1 - into * out
    paths = shares + into[:, :, None] * out[:, None, :]
    shares = np.divide(
        paths, back[:, :, None], out=np.zeros_like(paths), where=back[:, :, None] > 1e-12
    )
    weights[each, gone] = 0.0
    shares[each, gone] = 0.0
    shares[each, :, gone] = 0.0
    shares[:, np.arange(m), np.arange(m)] = 0.0
    return weights, shares


def _rows(matrix: Floats) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(x) for x in row) for row in matrix)


def _fault(field: str, problem: str, cure: str) -> Fault:
    return Fault("graph", field, problem, cure)
