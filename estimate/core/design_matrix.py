"""From an analysis set to the matrix of a regression."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.core.columns import Categorical


@dataclass(frozen=True, slots=True)
class DesignMatrix:
    """Columns of a regression.

    Attributes
    ----------
    X
        (..., n, p); stored with patients along the last axis, as `fit_logistic` reads it best.
    names
        p names; a level of a categorical covariate is ``name[level]``.
    """

    X: Floats
    names: tuple[str, ...]

    def column(self, name: str) -> int:
        """Return the index of a named column."""
        return self.names.index(name)


def columns_of(data: AnalysisSet, covariate: str) -> dict[str, Floats]:
    """Return the columns (..., n) of one covariate: itself, or an indicator per non-reference."""
    kind, values = data.kinds[covariate], data.covariates[covariate]
    if not isinstance(kind, Categorical):
        return {covariate: values}
    return {
        f"{covariate}[{level}]": ((values == index) & data.include).astype(float)
        for index, level in enumerate(kind.levels)
        if index > 0
    }


def design_matrix(
    data: AnalysisSet,
    covariates: Sequence[str] | None = None,
    *,
    treatment: bool = True,
    interactions: bool | Sequence[str] = False,
) -> DesignMatrix:
    """Build intercept, treatment (optional), covariates and treatment-covariate products.

    Parameters
    ----------
    covariates
        Names, in the order wanted; None takes all of the analysis set.
    treatment
        Whether the second column is the treatment.
    interactions
        Covariates whose products with treatment stand at the end, or True for all of them.

    Examples
    --------
    >>> from estimate.core.complete_cases import analysis_set
    >>> from estimate.core.columns import Categorical
    >>> patients = {"therapy": [0, 1, 1], "y": [0, 1, 0], "dx": ["a", "b", "a"]}
    >>> data = analysis_set(
    ...     patients, treatment="therapy", outcome="y", covariates={"dx": Categorical(("a", "b"))}
    ... )
    >>> design = design_matrix(data)
    >>> design.names
    ('intercept', 'therapy', 'dx[b]')
    >>> design.X.tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]
    """
    chosen = list(data.kinds if covariates is None else covariates)
    crossed = set(chosen if interactions is True else interactions or ())
    parts: dict[str, Floats] = {}
    products: dict[str, Floats] = {}
    for name in chosen:
        own = columns_of(data, name)
        parts |= own
        if name in crossed:
            products |= {f"{data.treatment_name}:{k}": v * data.treatment for k, v in own.items()}
    head = {"intercept": data.include.astype(float)}
    if treatment:
        head[data.treatment_name] = data.treatment
    columns = {**head, **parts, **products}
    lead_n = data.treatment.shape
    stacked = np.stack([np.broadcast_to(c, lead_n) for c in columns.values()], axis=-2)
    return DesignMatrix(stacked.swapaxes(-1, -2), tuple(columns))
