"""Joint statistics of baseline values and retrieval among operated patients, in every study."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from estimate.causal.propensity import c_statistic
from estimate.regression.logistic import fit_logistic
from pretese.article.simulated.studies import Studies

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Where sources divide testosterone (nmol/L) and FSH (IU/L).
LOW_TESTOSTERONE, LOW_FSH, HIGH_FSH = 10, 11.1, 22.2

#: Pairs of baseline values whose rank correlation is reported.
PAIRS = (
    ("fsh_iu_l", "testis_volume_ml"),
    ("lh_iu_l", "testis_volume_ml"),
    ("lh_iu_l", "fsh_iu_l"),
    ("age_years", "infertility_duration_years"),
)


def joint_statistics(studies: Studies) -> dict[str, Floats]:
    """Return every joint statistic by id, shape (replicate,), in patients with recorded values."""
    return {f"joint.{name}": values for name, values in _statistics(studies)}


def _statistics(studies: Studies) -> Iterator[tuple[str, Floats]]:
    held = studies.cohort.baseline
    yield "auc.testis_volume_ml", _auc(studies, held["testis_volume_ml"])
    yield "auc.fsh_iu_l", _auc(studies, -held["fsh_iu_l"])
    yield "odds_ratio.fsh_iu_l", _odds_ratio_per_unit(studies, held["fsh_iu_l"])
    testosterone = held["testosterone_nmol_l"]
    low, high = testosterone < LOW_TESTOSTERONE, testosterone >= LOW_TESTOSTERONE
    yield "odds_ratio.testosterone_from_10", _odds(studies, high) / _odds(studies, low)
    azfc, fsh = studies.diagnosed("azfc"), held["fsh_iu_l"]
    rates = [_rate(studies, azfc & group) for group in (fsh >= HIGH_FSH, fsh < LOW_FSH)]
    yield "difference.azfc_fsh_classes", 100 * (rates[0] - rates[1])
    for first, second in PAIRS:
        yield f"spearman.{first}.{second}", spearman(held[first], held[second], studies.operated)


def _auc(studies: Studies, score: Floats) -> Floats:
    """Return the probability that a patient with sperm has the higher score."""
    known = studies.operated & np.isfinite(score)
    found = c_statistic(np.nan_to_num(score), studies.retrieved, known)
    return np.asarray(found.c_statistic, np.float64)


def _odds_ratio_per_unit(studies: Studies, values: Floats) -> Floats:
    known = studies.operated & np.isfinite(values)
    filled = np.nan_to_num(values)
    design = np.stack([np.ones_like(filled), filled], axis=-1)
    fit = fit_logistic(design, studies.retrieved, weights=known)
    return np.where(fit.converged, np.exp(fit.coef[..., 1]), np.nan)


def _rate(studies: Studies, group: Flags) -> Floats:
    here = studies.operated & group
    with np.errstate(divide="ignore", invalid="ignore"):
        rate: Floats = (studies.retrieved & here).sum(-1) / here.sum(-1)
    return rate


def _odds(studies: Studies, group: Flags) -> Floats:
    rate = _rate(studies, group)
    with np.errstate(divide="ignore", invalid="ignore"):
        return rate / (1 - rate)


def spearman(first: Floats, second: Floats, include: Flags) -> Floats:
    """Return the rank correlation of pairs with both values, by replicate; ties share ranks.

    >>> x = np.array([[1.0, 2.0, 3.0, 9.0, np.nan]])
    >>> float(spearman(x, np.array([[1.0, 3.0, 2.0, 4.0, 0.0]]), np.ones((1, 5), bool))[0])
    0.8
    """
    known = include & np.isfinite(first) & np.isfinite(second)
    found = [
        np.corrcoef(rankdata(a[here]), rankdata(b[here]))[0, 1] if here.sum() > 2 else np.nan
        for a, b, here in zip(first, second, known, strict=True)
    ]
    return np.array(found)
