"""Which subgroup of a division each patient is in."""

import numpy as np

from estimate.core.analysis_set import AnalysisSet
from estimate.core.arrays import Ints
from estimate.core.columns import Categorical, Kind
from estimate.plan.choices import Subgroup


def assign(data: AnalysisSet, group: Subgroup) -> tuple[Ints, tuple[str, ...]]:
    """Return each patient's group, (..., n) from 0, and the groups' labels."""
    values, kind = data.covariates[group.by], data.kinds[group.by]
    labels = group_labels(group, kind)
    if isinstance(kind, Categorical):
        sets = group.groups or {level: (level,) for level in kind.levels}
        place = {level: index for index, levels in enumerate(sets.values()) for level in levels}
        lookup = np.array([place[level] for level in kind.levels])
        return lookup[values.astype(int)], labels
    upper = values > group.at if group.lower_holds_it else values >= group.at
    return upper.astype(int), labels


def group_labels(group: Subgroup, kind: Kind) -> tuple[str, ...]:
    """Return the names of a division's groups, in their order.

    >>> from estimate.core.columns import Numeric
    >>> group_labels(Subgroup(by="age_years", cut="> 35"), Numeric())
    ('age_years ≤ 35', 'age_years > 35')
    """
    if isinstance(kind, Categorical):
        return tuple(group.groups or kind.levels)
    signs = "≤>" if group.lower_holds_it else "<≥"
    return tuple(f"{group.by} {sign} {group.at:g}" for sign in signs)
