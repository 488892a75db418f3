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
    >>> patients = {"gn": [0, 1] * 4, "y": [0, 0, 1, 1] * 2, "cm": [1, 2, 3, 4, 5, 6, 7, 9]}
    >>> patients["mm"] = [10 * cm for cm in patients["cm"]]
    >>> data = analysis_set(
    ...     patients, treatment="gn", outcome="y", covariates={"cm": Numeric(), "mm": Numeric()}
    ... )
    >>> remarks(data, None)
    ('mm says what the columns before it say together; leave it out of the covariates',)
    """
    design = design_matrix(data)
    kept = independent_columns(design.X, data.weights)
    redundant = [name for i, name in enumerate(design.names) if i not in kept]
    least, columns = int(data.n.min()), len(design.names)
    if least <= columns:
        return (f"{least} patients are too few for a model of {columns} coefficients",)
    if redundant:
        cure = "leave it out of the covariates"
        return tuple(
            f"{name} says what the columns before it say together; {cure}" for name in redundant
        )
    found = []
    if score is not None and score.fit.separated.any():
        found.append("the covariates tell who was treated without error: nobody is comparable")
    if fit_logistic(design.X, data.outcome, data.weights).separated.any():
        found.append(
            "treatment and covariates tell the outcome without error: odds ratios have no finite "
            "estimate; `firth` has"
        )
    return tuple(found)
