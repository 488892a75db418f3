"""Convert a table of patients to arrays for imputation, and back."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats
from estimate.core.columns import Categorical, Kind, Numeric
from estimate.description.rows import as_categories
from estimate.imputation.chain import Column, Imputation, Method, impute
from protocol.errors import Fault, InputError


def encode(
    patients: pd.DataFrame, kinds: Mapping[str, Kind], methods: Mapping[str, Method] | None = None
) -> tuple[Floats, tuple[Column, ...]]:
    """Return the columns named in ``kinds`` as numbers (n, column), and their kinds.

    Categories become 0, 1, ... in the order in which ``kinds`` lists them; missing becomes NaN.

    Raises
    ------
    InputError
        Naming every column that is absent, holds text where numbers should be, or has a category
        that is not listed; and every method that does not suit its column.

    Examples
    --------
    >>> patients = pd.DataFrame({"diagnosis": ["azfc", None, "idiopathic"]})
    >>> values, columns = encode(patients, {"diagnosis": Categorical(("idiopathic", "azfc"))})
    >>> values[:, 0], columns[0].how
    (array([ 1., nan,  0.]), 'logreg')
    """
    methods = {} if methods is None else methods
    faults: list[Fault] = []
    parts: list[Floats] = []
    columns: list[Column] = []
    for name, kind in kinds.items():
        levels = kind.levels if isinstance(kind, Categorical) else ()
        columns.append(Column(name, len(levels), methods.get(name)))
        problem, cure = _fault(patients, name, levels, methods.get(name))
        if problem:
            faults.append(Fault("imputation", name, problem, cure))
        elif levels:
            codes = pd.Categorical(as_categories(patients[name]), levels).codes.astype(float)
            parts.append(np.where(codes < 0, np.nan, codes))
        else:
            parts.append(patients[name].to_numpy(float, na_value=np.nan))
    unknown = sorted(set(methods) - set(kinds))
    faults += [Fault("imputation", n, "has a method but no kind", "give its kind") for n in unknown]
    if faults:
        raise InputError(faults)
    return np.stack(parts, -1), tuple(columns)


def _fault(
    patients: pd.DataFrame, name: str, levels: tuple[str, ...], method: Method | None
) -> tuple[str, str]:
    if name not in patients:
        return "there is no such column", f"choose from {', '.join(patients.columns)}"
    if levels:
        strange = sorted(set(as_categories(patients[name].dropna())) - set(levels))
        if strange:
            return f"unknown categories {', '.join(strange)}", f"allowed are {', '.join(levels)}"
        if len(levels) < 2:
            return "it has one category", "leave it out or list the others"
        if method in ("pmm", "norm"):
            return f"{method} imputes numbers", "use logreg or polyreg"
        if method == "logreg" and len(levels) > 2:
            return f"logreg cannot impute {len(levels)} categories", "use polyreg"
    elif not pd.api.types.is_numeric_dtype(patients[name]):
        return "it holds text", "list its categories"
    elif method in ("logreg", "polyreg"):
        return f"{method} imputes categories", "list its categories, or use pmm"
    return "", ""


def decode(
    done: Imputation, patients: pd.DataFrame, kinds: Mapping[str, Kind]
) -> list[pd.DataFrame]:
    """Return one completed copy of the table per imputation; other columns are unchanged."""
    tables = []
    for values in done.completed:
        filled = patients.copy()
        for j, (name, kind) in enumerate(kinds.items()):
            if name not in done.incomplete:
                continue
            if isinstance(kind, Numeric):
                filled[name] = values[:, j]
            else:
                labels = np.array(kind.levels, object)[values[:, j].astype(int)]
                numbers = pd.api.types.is_numeric_dtype(patients[name])
                gaps = patients[name].isna().to_numpy()
                filled.loc[gaps, name] = (labels.astype(float) if numbers else labels)[gaps]
        tables.append(filled)
    return tables


def impute_table(
    patients: pd.DataFrame,
    kinds: Mapping[str, Kind],
    rng: np.random.Generator,
    *,
    imputations: int = 20,
    iterations: int = 10,
    methods: Mapping[str, Method] | None = None,
    shift: Mapping[str, ArrayLike] | None = None,
) -> tuple[list[pd.DataFrame], Imputation]:
    """Impute the columns named in ``kinds``, each given all the others named there.

    Name the outcome and the treatment too. See `estimate.imputation.chain.impute` for the rest.
    """
    values, columns = encode(patients, kinds, methods)
    done = impute(values, columns, rng, imputations=imputations, iterations=iterations, shift=shift)
    return decode(done, patients, kinds), done
