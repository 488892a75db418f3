"""Similarity of two tables of patients: a classifier, and distances between nearest rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree
from scipy.stats import norm

from estimate.causal.propensity import c_statistic
from estimate.core.arrays import Bools, Floats
from estimate.regression.logistic import fit_logistic

#: Parts into which the patients are split: each is scored by a model of the others.
FOLDS = 5

#: Proportion of real patients that are nearer to another real patient than the close distance.
CLOSE = 0.05


@dataclass(frozen=True, slots=True)
class Separation:
    """Discrimination between two tables: area under the curve with its 95 % interval."""

    auc: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class Nearness:
    """Distances of synthetic rows to the nearest real row, in standard deviations per column.

    Attributes
    ----------
    median_real, median_synthetic
        Median distance of a real row to the nearest other real row, and of a synthetic row to the
        nearest real row.
    close_percent
        Percentage of synthetic rows that are nearer to a real row than 95 % of real rows are to
        each other; 5 is expected of further real rows.
    copies
        Synthetic rows that equal a real row in every column.
    """

    median_real: float
    median_synthetic: float
    close_percent: float
    copies: int


def separation(real: ArrayLike, synthetic: ArrayLike, seed: int) -> Separation:
    """Return the cross-validated area under the curve of a logistic classifier.

    The classifier has each column, its square, every product of two, and whether it is missing.
    Each of five parts is scored by a model of the other four; areas and variances (DeLong) are
    averaged over the parts. 0.5 means no discrimination. Lopez-Paz D, Oquab M. *ICLR* 2017
    (classifier two-sample tests).

    Parameters
    ----------
    real, synthetic
        (n, k) and (m, k) numbers, NaN where missing; the same columns.
    seed
        Of the split into parts.
    """
    parts = np.asarray(real, float), np.asarray(synthetic, float)
    both = np.concatenate(parts)
    label = np.arange(len(both)) >= len(parts[0])
    design = _second_order(both)
    part = np.random.default_rng(seed).permutation(len(both)) % FOLDS
    areas, variances = [], []
    for number in range(FOLDS):
        inside = part == number
        found = c_statistic(_scores(design, label, ~inside)[inside], label[inside])
        areas.append(float(found.c_statistic))
        variances.append(float(found.std_error) ** 2)
    auc, error = float(np.mean(areas)), float(np.sqrt(np.sum(variances)) / FOLDS)
    wide = float(norm.ppf(0.975)) * error
    return Separation(auc, max(0.0, auc - wide), min(1.0, auc + wide))


def _scores(design: Floats, label: Bools, train: Bools) -> Floats:
    """Return the predictor of every row by a model of the rows in ``train``.

    The weights give both tables the same total, so that the predictor does not depend on the sizes.
    """
    share = label[train].mean()
    weights = np.where(label, 0.5 / share, 0.5 / (1 - share)) * train
    fit = fit_logistic(design, label.astype(float), weights)
    return np.asarray(design @ np.nan_to_num(fit.coef))


def _second_order(table: Floats) -> Floats:
    """Return columns, squares, products and missing indicators, without those that repeat."""
    known = np.isfinite(table)
    filled = np.where(known, table, np.nanmedian(table, 0))
    spread = filled.std(0)
    scaled = (filled - filled.mean(0)) / np.where(spread > 0, spread, 1.0)
    first, second = np.triu_indices(table.shape[1])
    parts = [np.ones((len(table), 1)), scaled, scaled[:, first] * scaled[:, second], ~known]
    return _independent(np.concatenate(parts, 1).astype(float))


def _independent(design: Floats) -> Floats:
    """Return the columns that do not depend linearly on those before them."""
    diagonal = np.abs(np.diag(np.linalg.qr(design, mode="r")))
    size = np.linalg.norm(design, axis=0)
    return np.ascontiguousarray(design[:, diagonal > 1e-6 * np.maximum(size, 1e-12)])


def nearness(real: ArrayLike, synthetic: ArrayLike) -> Nearness:
    """Return the distances of synthetic rows to real ones, as a check of privacy.

    Columns are divided by the standard deviation among real rows; missing values count as the
    median.
    """
    here, there = np.asarray(real, float), np.asarray(synthetic, float)
    centre = np.nanmedian(here, 0)
    spread = np.nanstd(here, 0)
    scale = np.where(spread > 0, spread, 1.0)
    here, there = ((np.where(np.isfinite(t), t, centre) - centre) / scale for t in (here, there))
    tree = cKDTree(here)
    among_real = tree.query(here, k=2)[0][:, 1]
    to_real = tree.query(there)[0]
    bar = float(np.quantile(among_real, CLOSE))
    return Nearness(
        median_real=float(np.median(among_real)),
        median_synthetic=float(np.median(to_real)),
        close_percent=100 * float((to_real < bar).mean()),
        copies=int((to_real == 0).sum()),
    )
