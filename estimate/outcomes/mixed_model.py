"""Linear model of repeated measurements with an unstructured covariance, by restricted likelihood.

Errors and degrees of freedom are those of Kenward MG, Roger JH. *Biometrics* 1997;53:983-97. The
covariance is linear in its parameters, so that their second derivatives vanish. statsmodels has
random effects only, and neither this covariance nor these errors.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints

#: Maximum number of scoring steps, and of halvings of one step.
STEP_LIMIT, HALVINGS = 200, 30

#: Change of the covariance, relative to its diagonal, at which scoring ends.
SETTLED = 1e-10


@dataclass(frozen=True, slots=True)
class MixedModelFit:
    """Coefficients of one data set.

    Attributes
    ----------
    coef
        (p,) generalised least squares.
    cov, adjusted
        (p, p) covariance with the parameters taken as known, and as estimated (Kenward-Roger).
    covariance
        (visit, visit) of the measurements of one patient.
    converged
        Whether a maximum inside the space of covariances was found.
    """

    coef: Floats
    cov: Floats
    adjusted: Floats
    covariance: Floats
    converged: bool
    slopes: Floats
    information: Floats

    def contrast(self, of: Floats) -> tuple[float, float, float]:
        """Return value, standard error and degrees of freedom of a contrast of coefficients."""
        moved = self.cov @ of
        change = np.einsum("p,ipq,q->i", moved, self.slopes, moved)
        spread = change @ np.linalg.solve(self.information, change)
        df = 2 * float(of @ moved) ** 2 / spread if spread > 0 else np.inf
        return float(of @ self.coef), float(np.sqrt(of @ self.adjusted @ of)), float(df)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Patients measured at the same visits.

    Attributes
    ----------
    at
        Indices of these visits.
    X, y
        (patient, visit, p) and (patient, visit).
    products
        (visit, visit, p, p) sums of products of rows of ``X``.
    units
        (parameter, visit, visit) slope of the covariance by each of its parameters.
    """

    at: Ints
    X: Floats
    y: Floats
    products: Floats
    units: Floats


def fit_repeated(y: Floats, X: Floats) -> MixedModelFit:
    """Fit one data set.

    Parameters
    ----------
    y
        (patient, visit) measurements, NaN where missing at random; each patient has one at least.
    X
        (patient, visit, p) columns of the mean.

    Examples
    --------
    Patients measured once are compared as by Student's t test.

    >>> y = np.array([[9.0], [11], [13], [12], [15], [18]])
    >>> X = np.array([[[1.0, 0]]] * 3 + [[[1.0, 1]]] * 3)
    >>> value, error, df = fit_repeated(y, X).contrast(np.array([0.0, 1]))
    >>> print(f"{value:.1f}, {error:.4f}, {df:.1f}")
    4.0, 2.0817, 4.0
    """
    known = ~np.isnan(y)
    spread = np.nanstd(y, axis=0)
    scale = float(np.nanmax(np.where(spread > 0, spread, np.nan)))
    patterns = list(_patterns(y / scale, X, known))
    covariance, converged = _start(y / scale, X, known), False
    state = _State.of(covariance, patterns)
    for _ in range(STEP_LIMIT):
        try:
            step = np.linalg.solve(state.information, state.score)
        except np.linalg.LinAlgError:
            break
        following = _uphill(covariance, step, state, patterns)
        if following is None:
            converged = bool(_relative(step, covariance) < np.sqrt(SETTLED))
            break
        change = _relative(_vector(following[0] - covariance), covariance)
        covariance, state = following
        if change < SETTLED:
            converged = True
            break
    cov, coef = state.cov, state.coef
    inverse = _inverse(state.information)
    bias = cov @ state.correction(inverse, patterns) @ cov
    return MixedModelFit(
        coef * scale, cov * scale**2, (cov + 2 * bias) * scale**2, covariance * scale**2,
        converged, state.slopes / scale**2, state.information,
    )  # fmt: skip


def _patterns(y: Floats, X: Floats, known: Bools) -> Iterator[_Pattern]:
    visits = y.shape[1]
    lower = [(a, b) for a in range(visits) for b in range(a + 1)]
    whole = np.zeros((len(lower), visits, visits))
    for number, (a, b) in enumerate(lower):
        whole[number, a, b] = whole[number, b, a] = 1.0
    for pattern in np.unique(known, axis=0):
        here, at = (known == pattern).all(1), np.flatnonzero(pattern)
        rows = X[here][:, at]
        yield _Pattern(
            at, rows, y[here][:, at], np.einsum("nap,nbq->abpq", rows, rows),
            whole[:, at][:, :, at],
        )  # fmt: skip


def _start(y: Floats, X: Floats, known: Bools) -> Floats:
    """Return covariances of residuals of least squares, drawn to the diagonal until definite."""
    coef = np.linalg.lstsq(X[known], y[known], rcond=None)[0]
    residual = np.where(known, y - X @ coef, 0.0)
    pairs = known.astype(float).T @ known.astype(float)
    found = residual.T @ residual / np.maximum(pairs, 1)
    variances = np.maximum(np.diag(found), 1e-6)
    for share in (0.9, 0.6, 0.3, 0.0):
        mixed = np.asarray(share * found)
        np.fill_diagonal(mixed, variances)
        if np.linalg.eigvalsh(mixed)[0] > 1e-8:
            break
    return mixed


@dataclass(frozen=True, slots=True)
class _State:
    """Likelihood, its slope and the expected information of the covariance at one point."""

    likelihood: float
    score: Floats
    information: Floats
    coef: Floats
    cov: Floats
    slopes: Floats
    covariance: Floats

    @classmethod
    def of(cls, covariance: Floats, patterns: list[_Pattern]) -> "_State":
        inverses = [np.linalg.inv(covariance[np.ix_(each.at, each.at)]) for each in patterns]
        gram = sum(
            np.einsum("ab,abpq->pq", inverse, each.products)
            for each, inverse in zip(patterns, inverses, strict=True)
        )
        cov = _inverse(np.asarray(gram))
        target = sum(
            np.einsum("nap,ab,nb->p", each.X, inverse, each.y)
            for each, inverse in zip(patterns, inverses, strict=True)
        )
        coef = cov @ target
        likelihood = -0.5 * np.linalg.slogdet(gram)[1]
        count = len(patterns[0].units)
        score, slopes = np.zeros(count), np.zeros((count, *cov.shape))
        information = np.zeros((count, count))
        for each, inverse in zip(patterns, inverses, strict=True):
            residual = each.y - each.X @ coef
            outer = residual.T @ residual
            n = len(each.y)
            likelihood += 0.5 * n * np.linalg.slogdet(inverse)[1] - 0.5 * np.sum(inverse * outer)
            leverage = np.einsum("pq,abpq->ab", cov, each.products)
            moved = inverse @ each.units  # (parameter, visit, visit)
            around = moved @ inverse
            score += 0.5 * (
                -n * np.einsum("iaa->i", moved) + np.einsum("iab,ab->i", around, outer + leverage)
            )
            slopes -= np.einsum("iab,abpq->ipq", around, each.products)
            information += 0.5 * n * np.einsum("iab,jba->ij", moved, moved)
            information -= np.einsum("iab,jba->ij", moved, around @ leverage.T)
        between = cov @ slopes
        information += 0.5 * np.einsum("ipq,jqp->ij", between, between)
        information = (information + information.T) / 2
        return cls(float(likelihood), score, information, coef, cov, slopes, covariance)

    def correction(self, variance: Floats, patterns: list[_Pattern]) -> Floats:
        """Return the sum over pairs of parameters in Kenward and Roger's equation 4."""
        total = np.zeros_like(self.cov)
        for each in patterns:
            inverse = np.linalg.inv(self.covariance[np.ix_(each.at, each.at)])
            moved = inverse @ each.units
            both = np.einsum("ij,iab,jbc->ac", variance, moved, moved @ inverse, optimize=True)
            total += np.einsum("ab,abpq->pq", both, each.products)
        between = np.einsum("ij,ipq,qr,jrs->ps", variance, self.slopes, self.cov, self.slopes,
                            optimize=True)  # fmt: skip
        return np.asarray(total - between)


def _uphill(
    covariance: Floats, step: Floats, state: _State, patterns: list[_Pattern]
) -> tuple[Floats, _State] | None:
    """Return the next covariance, halving the step until the likelihood does not fall."""
    change = _matrix(step, len(covariance))
    for halving in range(HALVINGS):
        wanted = covariance + change / 2**halving
        if np.linalg.eigvalsh(wanted)[0] <= 1e-10:
            continue
        found = _State.of(wanted, patterns)
        if found.likelihood >= state.likelihood - 1e-12 * abs(state.likelihood):
            return wanted, found
    return None


def _inverse(matrix: Floats) -> Floats:
    found = np.linalg.pinv(matrix, hermitian=True)
    return np.asarray((found + found.T) / 2)


def _vector(matrix: Floats) -> Floats:
    return np.array([matrix[a, b] for a in range(len(matrix)) for b in range(a + 1)])


def _matrix(vector: Floats, size: int) -> Floats:
    found = np.zeros((size, size))
    rows = ((a, b) for a in range(size) for b in range(a + 1))
    for value, (a, b) in zip(vector, rows, strict=True):
        found[a, b] = found[b, a] = value
    return found


def _relative(change: Floats, covariance: Floats) -> float:
    return float(np.abs(change).max() / np.diag(covariance).max())
