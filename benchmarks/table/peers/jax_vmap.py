"""JAX: Newton's method for one data set, compiled and mapped over all, in float64."""

import sys
from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp

sys.path.insert(0, str(Path(__file__).parents[1]))
import sizes
from served import serve

jax.config.update("jax_enable_x64", True)

Work = Callable[[], object]

#: Newton steps from 0 that make the last step shorter than 1e-7 standard errors, as ours does.
STEPS = 5


def fit(design: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return coefficients and covariance of one data set."""

    def information(coef: jax.Array) -> tuple[jax.Array, jax.Array]:
        chance = jax.nn.sigmoid(design @ coef)
        weight = chance * (1 - chance)
        return design.T @ (design * weight[:, None]), design.T @ (y - chance)

    def step(_: int, coef: jax.Array) -> jax.Array:
        matrix, score = information(coef)
        return coef + jnp.linalg.solve(matrix, score)

    coef = jax.lax.fori_loop(0, STEPS, step, jnp.zeros(design.shape[1]))
    return coef, jnp.linalg.inv(information(coef)[0])


def trial(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Draw a trial and fit it."""
    arm, covariates, outcome = jax.random.split(key, 3)
    n, true = sizes.PARTICIPANTS, jnp.asarray(sizes.TRUE)
    treated = jax.random.uniform(arm, (n, 1)) < 0.5
    normal = jax.random.normal(covariates, (n, len(true) - 2))
    design = jnp.concatenate([jnp.ones((n, 1)), treated, normal], axis=1)
    y = jax.random.uniform(outcome, (n,)) < jax.nn.sigmoid(design @ true)
    return fit(design, y.astype(float))


def logistic() -> Work:
    design, y = map(jnp.asarray, sizes.logistic_data())
    mapped = jax.jit(jax.vmap(fit))
    return lambda: jax.block_until_ready(mapped(design, y))


def fitted() -> Work:
    keys = jax.random.split(jax.random.key(1), sizes.TRIALS)
    mapped = jax.jit(jax.vmap(trial))
    return lambda: jax.block_until_ready(mapped(keys))


def normals() -> Work:
    key = jax.random.key(1)
    draw = jax.jit(lambda key: jax.random.normal(key, (2000, 60)))
    return lambda: jax.block_until_ready(draw(key))


if __name__ == "__main__":
    serve({"logistic": logistic, "fitted": fitted, "normals": normals})
