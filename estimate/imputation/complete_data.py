"""Data of an analysis after what was missing was excluded or imputed."""

from collections.abc import Mapping
from dataclasses import dataclass

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Floats
from estimate.imputation.chain import Imputation


@dataclass(frozen=True, slots=True)
class CompleteData:
    """Data ready for estimation.

    Attributes
    ----------
    data
        Leading shape () or (imputation,).
    observed
        Patients with treatment and outcome known, before imputation; what `unadjusted` needs.
    columns
        Covariate to its column as read, NaN where missing.
    missing
        Covariate to the number of eligible patients without a value.
    imputation
        The chains, or None without imputation.
    caution
        The inferred kind of outcome, if the plan does not state it.
    """

    data: AnalysisSet
    observed: AnalysisSet
    columns: Mapping[str, Floats]
    missing: Mapping[str, int]
    imputation: Imputation | None
    caution: str | None = None
