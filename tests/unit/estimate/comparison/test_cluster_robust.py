"""Cluster-robust risk differences of a batch of trials against explicit formulas for one."""

import numpy as np
import pytest

from estimate.comparison.clusters.cluster_robust import clustered_difference


def _written_out(y, arm, site):
    """Return difference, CR2 standard error and Satterthwaite df from dense matrices."""
    x = np.column_stack([np.ones(len(y)), arm])
    bread = np.linalg.inv(x.T @ x)
    residual, hat = y - x @ (bread @ x.T @ y), x @ bread @ x.T
    meat, columns = np.zeros((2, 2)), []
    for one in np.unique(site):
        own = np.flatnonzero(site == one)
        values, vectors = np.linalg.eigh(np.eye(own.size) - hat[np.ix_(own, own)])
        adjust = (vectors / np.sqrt(values)) @ vectors.T
        score = x[own].T @ adjust @ residual[own]
        meat += np.outer(score, score)
        columns.append((np.eye(len(y)) - hat)[:, own] @ adjust @ x[own] @ bread[:, 1])
    products = np.array(columns) @ np.array(columns).T
    df = np.trace(products) ** 2 / (products**2).sum()
    return (bread @ x.T @ y)[1], (bread @ meat @ bread)[1, 1] ** 0.5, df


def test_estimates_agree_with_the_formulas() -> None:
    rng = np.random.default_rng(3)
    shape = (4, 60)
    site, arm = rng.integers(0, 5, shape), rng.integers(0, 2, shape)
    won, include = (rng.random(shape) < 0.4) * 1.0, rng.random(shape) < 0.9
    found = clustered_difference(won, arm, include, site, 5)
    for r in range(4):
        here = include[r]
        known = _written_out(won[r][here], arm[r][here], site[r][here])
        ours = (found.difference[r], found.std_error[r], found.df[r])
        assert ours == pytest.approx(known, rel=1e-10)


def test_one_site_or_an_empty_arm_does_not_converge() -> None:
    won, arm = np.array([[0, 1, 0, 1]]), np.array([[0, 0, 1, 1]])
    one = clustered_difference(won, arm, np.ones((1, 4)), np.zeros((1, 4), int), 3)
    other = clustered_difference(won, arm * 0, np.ones((1, 4)), np.array([[0, 0, 1, 1]]), 2)
    assert np.isnan([one.difference[0], other.difference[0]]).all()


def test_sites_that_differ_in_their_effect_have_a_larger_error() -> None:
    rng = np.random.default_rng(1)
    site = np.repeat(np.arange(8), 100)[None].repeat(200, 0)
    arm = np.tile([0, 1], (200, 400))
    effect = np.where(np.arange(8) % 2, 0.35, -0.05)[site]
    won = rng.random(arm.shape) < 0.35 + arm * effect
    same = rng.random(arm.shape) < 0.35 + arm * 0.15
    errors = [
        clustered_difference(each, arm, np.ones(arm.shape), site, 8).std_error.mean()
        for each in (won, same)
    ]
    assert errors[0] > 1.5 * errors[1]
