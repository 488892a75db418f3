"""Pooled effects in subgroups of studies, by meta-regression on a property of the studies.

All subgroups share the variance between studies, because few studies hardly determine one of their
own (Borenstein M et al. *Introduction to Meta-Analysis*, Wiley 2009, chapter 19). In metafor:
``rma(yi, vi, mods = ~ factor(x), test = "knha")``.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from estimate.core.arrays import Floats
from estimate.meta_analysis.pooling import MetaAnalysis, pool_effects
from pretese.literature.pooled_evidence import PooledEvidence
from protocol.errors import InputError

#: Properties of studies that form subgroups.
SubgroupField = Literal["fsh_class", "surgery", "design", "read"]


@dataclass(frozen=True, slots=True)
class SubgroupRow:
    """A subgroup: its studies and pooled effect, a ratio or a risk difference."""

    value: str
    studies: int
    estimate: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class EvidenceSubgroups:
    """Pooled effects by a property of the studies.

    Attributes
    ----------
    rows
        One per value of the property, in the alphabetical order of the values.
    fit
        The meta-regression; its first value is the reference.
    """

    field: SubgroupField
    rows: tuple[SubgroupRow, ...]
    fit: MetaAnalysis


def subgroups_of(found: PooledEvidence, field: SubgroupField) -> EvidenceSubgroups:
    """Pool the studies of a meta-analysis by a property.

    Raises
    ------
    InputError
        All studies have one value, or there are too few studies for the number of values.
    """
    values = [each.value(field) for each in found.published]
    names = sorted(set(values))
    if len(names) < 2:
        problem = f"all studies that are pooled have the value {names[0]!r}"
        raise InputError.of("evidence", "by", problem, "choose another property")
    design = np.array([[value == name for name in names[1:]] for value in values], float)
    fit = pool_effects(found.effects, found.fit.method, found.fit.test, design, names[1:])
    at = np.hstack([np.ones((len(names), 1)), np.eye(len(names))[:, 1:]])
    rows = tuple(
        _row(found, fit, name, values.count(name), row) for name, row in zip(names, at, strict=True)
    )
    return EvidenceSubgroups(field, rows, fit)


def _row(
    found: PooledEvidence, fit: MetaAnalysis, name: str, studies: int, at: Floats
) -> SubgroupRow:
    effect = float(at @ fit.coefficient)
    half = fit.reach * float(np.sqrt(at @ fit.covariance @ at))
    limits = (found.shown(each) for each in (effect, effect - half, effect + half))
    return SubgroupRow(name, studies, *limits)
