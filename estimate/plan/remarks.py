"""Why a model of one table could not be fitted, in words."""

from estimate.causal.propensity import PropensityScore
from estimate.core.analysis_set import AnalysisSet
from estimate.core.design_matrix import design_matrix
from estimate.core.matrices import independent_columns
from estimate.regression.logistic import fit_logistic


def remarks(data: AnalysisSet, score: PropensityScore | None) -> tuple[str, ...]:
    """Return what stands in the way of the models with all covariates; nothing if nothing does.

    Of several imputations it is enough that one of them fails.

    Examples
    --------
    >>> from estimate.core.analysis_set import analysis_set
    >>> from estimate.core.columns import Numeric
    >>> patients = {"therapy": [0, 1] * 4, "y": [0, 0, 1, 1] * 2, "cm": [1, 2, 3, 4, 5, 6, 7, 9]}
    >>> patients["mm"] = [10 * cm for cm in patients["cm"]]
    >>> data = analysis_set(
    ...     patients, treatment="therapy", outcome="y",
    ...     covariates={"cm": Numeric(), "mm": Numeric()},
    ... )
    >>> remarks(data, None)
    ('mm is a linear combination of the columns before it; leave it out of the covariates',)
    """
    design = design_matrix(data)
    kept = independent_columns(design.X, data.weights)
    redundant = [name for i, name in enumerate(design.names) if i not in kept]
    fewest, columns = int(data.n.min()), len(design.names)
    if fewest <= columns:
        return (f"{fewest} patients are too few for a model of {columns} coefficients",)
    if redundant:
        cure = "leave it out of the covariates"
        return tuple(
            f"{name} is a linear combination of the columns before it; {cure}" for name in redundant
        )
    found = []
    if score is not None and score.fit.separated.any():
        found.append("the covariates separate the arms completely (positivity is violated)")
    if fit_logistic(design.X, data.outcome, data.weights).separated.any():
        found.append(
            "treatment and covariates separate the outcome completely: odds ratios have no finite "
            "estimate; `firth` has"
        )
    return tuple(found)
