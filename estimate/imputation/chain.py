"""Chained equations: each incomplete column is imputed given all others, in turn and repeatedly.

van Buuren S. *Flexible Imputation of Missing Data*, 2nd ed., 2018, section 4.5 (algorithm) and 3.4
(predictive mean matching). The outcome and the treatment must be among the columns: omitting them
biases their association with imputed columns towards the null.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from estimate.core.arrays import Bools, Floats, Ints
from estimate.imputation.categorical import draw_binary, draw_multinomial
from estimate.imputation.generators import Dice, Generators, generators_of
from estimate.imputation.linear import draw_linear, nearest_donors
from estimate.imputation.missing_column import Gap
from protocol.errors import Fault, InputError

#: "pmm": an observed value of one of the five nearest patients; "norm": a draw from a linear
#: regression; "logreg" and "polyreg": a draw from a (multinomial) logistic regression.
Method = Literal["pmm", "norm", "logreg", "polyreg"]

#: Chains (data set x imputation) processed together: few enough to stay in cache.
BLOCK_CHAINS = 60

#: Patients from whom a value is taken (van Buuren 2018, section 3.4.3).
DONORS = 5


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the data: its name, and its number of categories (0 for a number).

    Categories are coded from 0; ``method`` None takes "pmm", "logreg" or "polyreg" by kind;
    ``predictors`` names the columns from which this one is imputed, None all others.
    """

    name: str
    categories: int = 0
    method: Method | None = None
    predictors: frozenset[str] | None = None

    @property
    def how(self) -> Method:
        """Return the method by which missing values are drawn."""
        numeric, binary = self.categories == 0, self.categories == 2
        return self.method or ("pmm" if numeric else "logreg" if binary else "polyreg")


@dataclass(frozen=True, slots=True)
class Imputation:
    """Completed data, and the course of the chains.

    Attributes
    ----------
    completed
        (..., imputation, n, column).
    incomplete
        Names of the columns that had missing values.
    means, sds
        (..., iteration, imputation, incomplete) mean and SD of the imputed values.
    """

    completed: Floats
    columns: tuple[Column, ...]
    incomplete: tuple[str, ...]
    means: Floats
    sds: Floats


def impute(
    values: ArrayLike,
    columns: Sequence[Column],
    rng: Generators,
    *,
    imputations: int = 20,
    iterations: int = 10,
    included: ArrayLike | None = None,
    shift: Mapping[str, ArrayLike] | None = None,
) -> Imputation:
    """Fill missing values several times by chained equations.

    Parameters
    ----------
    values
        (..., n, column), NaN where missing; leading axes are data sets.
    columns
        One per column of ``values``; visited in this order.
    included
        (..., n); excluded patients (False) are not used, and their missing values stay NaN.
    shift
        Departure from "missing at random": for a number, added to each imputed value; for two
        categories, added to the log odds of the second. Leading shape or one number; a batch of
        shifts over one data set is a sensitivity analysis (van Buuren 2018, section 9.2).

    Raises
    ------
    InputError
        Naming every column without any observed value, every infinite value, code outside its
        categories, or shift that has no meaning.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> fsh = [[9.0, 30], [11, 31], [np.nan, 32], [15, 33], [17, 34], [20, 35], [21, 36]]
    >>> filled = impute(fsh, [Column("fsh_iu_l"), Column("age_years")], rng, imputations=3)
    >>> filled.completed.shape, bool(np.isnan(filled.completed).any())
    ((3, 7, 2), False)
    """
    values = np.asarray(values, float)
    shift = {} if shift is None else dict(shift)
    lead = np.broadcast_shapes(values.shape[:-2], *(np.shape(s) for s in shift.values()))
    n, p = values.shape[-2:]
    sets, chosen = int(np.prod(lead)), tuple(columns)
    data = np.broadcast_to(values, (*lead, n, p)).reshape(sets, n, p)
    inside = np.ones(n, bool) if included is None else np.asarray(included, bool)
    inside = np.broadcast_to(inside, (*lead, n)).reshape(sets, n)
    _check(data, inside, columns, shift)
    moved = {k: np.broadcast_to(np.asarray(s, float), lead).reshape(-1) for k, s in shift.items()}
    gaps = _incomplete(data, inside)
    # Patients along the last axis, here and in the chains: every product runs over contiguous
    # memory.
    completed = np.repeat(data.swapaxes(1, 2), imputations, axis=0)
    course = np.empty((2, sets, iterations, imputations, len(gaps)))
    # Blocks limit memory; their composition does not depend on the numbers drawn.
    size = max(1, BLOCK_CHAINS // imputations)
    generators = generators_of(rng, sets)
    for start in range(0, sets, size):
        part = slice(start, min(start + size, sets))
        own = generators if isinstance(generators, np.random.Generator) else generators[part]
        dice = Dice(own, part.stop - start, imputations, n)
        some = {name: values[part] for name, values in moved.items()}
        chains = _Chains.start(data[part], inside[part], chosen, gaps, some, imputations, dice)
        for turn in range(iterations):
            trace = np.reshape(chains.sweep(dice), (2, part.stop - start, imputations, len(gaps)))
            course[:, part, turn] = trace
        rows = slice(start * imputations, part.stop * imputations)
        # Excluded patients keep their values, including missing ones.
        kept = np.repeat(inside[part], imputations, axis=0)[:, None]
        np.copyto(completed[rows], chains.state, where=kept)
    return Imputation(
        completed.reshape(*lead, imputations, p, n).swapaxes(-1, -2),
        chosen,
        tuple(columns[j].name for j in gaps),
        *(trace.reshape(*lead, *trace.shape[1:]) for trace in course),
    )


def _incomplete(data: Floats, inside: Bools) -> list[int]:
    """Return the columns with a gap in any data set; all data sets visit the same columns."""
    return [j for j in range(data.shape[-1]) if (np.isnan(data[..., j]) & inside).any()]


def _check(
    data: Floats, inside: Bools, columns: Sequence[Column], shift: Mapping[str, ArrayLike]
) -> None:
    faults: list[Fault] = []
    if len(columns) != data.shape[-1]:
        faults.append(
            Fault(
                "imputation", "", f"{data.shape[-1]} columns were given", f"describe {len(columns)}"
            )
        )
        raise InputError(faults)
    for j, column in enumerate(columns):
        x = np.where(inside, data[..., j], np.nan)
        known = ~np.isnan(x)
        if np.isinf(x).any():
            faults.append(Fault("imputation", column.name, "it holds inf", "leave it empty"))
        if not known.any(-1).all():
            cure = "leave the column out"
            faults.append(Fault("imputation", column.name, "every value is missing", cure))
        strange = (column.predictors or frozenset()) - {other.name for other in columns}
        if strange:
            problem = f"no column is called {', '.join(sorted(strange))}"
            faults.append(Fault("imputation", column.name, problem, "name other predictors"))
        codes = np.arange(column.categories)
        if column.categories and not np.isin(x[known], codes).all():
            cure = f"use codes 0 to {column.categories - 1}"
            faults.append(Fault("imputation", column.name, "unknown category codes", cure))
    kinds = {column.name: column.how for column in columns}
    for name in shift:
        if kinds.get(name) not in ("pmm", "norm", "logreg"):
            cure = "shift a number or a column of two categories"
            faults.append(Fault("imputation", name, "it cannot be shifted", cure))
    if faults:
        raise InputError(faults)


@dataclass(frozen=True, slots=True)
class _Chains:
    """The state of all chains, chain = data set x imputation.

    Attributes
    ----------
    state
        (chain, column, n).
    design
        (chain, predictor, n): intercept, numbers, an indicator for every category but the first.
    places
        For each column, its predictors.
    """

    state: Floats
    design: Floats
    places: tuple[slice, ...]
    columns: tuple[Column, ...]
    gaps: dict[int, Gap]
    shift: dict[str, Floats]

    @classmethod
    def start(
        cls,
        data: Floats,
        inside: Bools,
        columns: tuple[Column, ...],
        visits: Sequence[int],
        shift: Mapping[str, Floats],
        imputations: int,
        dice: Dice,
    ) -> "_Chains":
        """Fill every gap with values drawn at random from the observed ones."""
        # Excluded patients have arbitrary finite values: their rows have weight 0.
        data = np.where(inside[..., None], data, 0.0).swapaxes(1, 2)
        state = np.repeat(data, imputations, axis=0)
        inside = np.repeat(inside, imputations, axis=0)
        gaps: dict[int, Gap] = {}
        for j in visits:
            gaps[j] = gap = Gap.of(~np.isnan(state[:, j]), inside)
            donors = np.argsort(~gap.observed, axis=-1, kind="stable")
            pick = gap.at(dice.uniform()) * gap.observed.sum(-1, keepdims=True)
            rows = np.take_along_axis(donors, pick.astype(np.int64), -1)
            gap.fill(state[:, j], np.take_along_axis(state[:, j], rows, -1))
        moved = {name: np.repeat(s, imputations)[:, None] for name, s in shift.items()}
        ends = 1 + np.cumsum([max(1, column.categories - 1) for column in columns])
        places = tuple(map(slice, [1, *ends[:-1].tolist()], ends.tolist()))
        design = np.ones((len(state), int(ends[-1]), state.shape[-1]))
        chains = cls(state, design, places, columns, gaps, moved)
        for j in range(len(columns)):
            chains.expand(j)
        return chains

    def expand(self, j: int) -> None:
        """Update the predictors derived from a column."""
        x, codes = self.state[:, j, None], np.arange(1, self.columns[j].categories)
        self.design[:, self.places[j]] = x == codes[:, None] if len(codes) else x

    def sweep(self, dice: Dice) -> tuple[Floats, Floats]:
        """Draw every incomplete column once; return mean and SD of the imputed values."""
        means, sds = [], []
        for j, gap in self.gaps.items():
            drawn = self._draw(j, gap, dice)
            gap.fill(self.state[:, j], drawn)
            self.expand(j)
            count = np.maximum(gap.real.sum(-1), 1)
            mean = np.where(gap.real, drawn, 0).sum(-1) / count
            deviation = np.where(gap.real, drawn - mean[:, None], 0)
            means.append(mean)
            sds.append(np.sqrt((deviation**2).sum(-1) / np.maximum(count - 1, 1)))
        empty = np.empty((len(self.state), 0))
        return (np.stack(means, -1), np.stack(sds, -1)) if means else (empty, empty)

    def _draw(self, j: int, gap: Gap, dice: Dice) -> Floats:
        """Return new values (chain, k) for one column given all others."""
        column, y = self.columns[j], self.state[:, j]
        X = np.delete(self.design, self._unused(j), axis=1).swapaxes(1, 2)
        shift = self.shift.get(column.name, np.zeros((1, 1)))
        if column.how == "logreg":
            eta = gap.at(draw_binary(X, y, gap.observed, dice.normal(X.shape[-1])))
            return np.asarray(gap.at(dice.uniform()) < special.expit(eta + shift), float)
        if column.how == "polyreg":
            normal = dice.normal(X.shape[-1] * (column.categories - 1))
            prob = draw_multinomial(X, y, gap.observed, normal, column.categories)
            reached = np.cumsum(prob, -1)[..., :-1] < dice.uniform()[..., None]
            return gap.at(reached.sum(-1).astype(float))
        df = np.maximum(gap.observed.sum(-1) - X.shape[-1], 1).astype(float)
        step = draw_linear(X, y, gap.observed, dice.normal(X.shape[-1]), dice.chi_square(df))
        wanted = gap.at(np.matmul(X, step.coef_drawn[..., None])[..., 0])
        if column.how == "norm":
            noise = gap.at(dice.normal(self.state.shape[-1]))
            return np.asarray(wanted + step.sigma_drawn[:, None] * noise + shift)
        predicted = np.matmul(X, step.coef[..., None])[..., 0]
        donors = nearest_donors(predicted, gap.observed, wanted, DONORS)
        rows = donors.draw(gap.at(dice.uniform()), gap.at(dice.uniform()))
        return np.asarray(np.take_along_axis(y, rows, -1)) + shift

    def _unused(self, j: int) -> Ints:
        """Return the positions excluded from a column's imputation model."""
        chosen = self.columns[j].predictors
        return np.concatenate(
            [
                np.arange(place.start, place.stop)
                for k, (column, place) in enumerate(zip(self.columns, self.places, strict=True))
                if k == j or (chosen is not None and column.name not in chosen)
            ]
        )
