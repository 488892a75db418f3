"""Clusters of rows: couples with several embryos, patients of one centre."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools, Floats, Ints
from protocol.errors import InputError
from protocol.reading.missing_words import is_missing

#: Words in names of identifier columns.
_UNITS = {"patient", "subject", "couple", "participant", "person", "case", "record", "pid"}


def names_identifier(name: str) -> bool:
    """Return whether the name of a column indicates identifiers of patients or couples.

    >>> [names_identifier(name) for name in ("Patient ID", "couple", "record_id", "patient age")]
    [True, True, True, False]
    """
    words = re.findall("[a-z]+", name.lower())
    return "id" in words or (len(words) == 1 and words[0].removesuffix("id") in _UNITS)


def read_clusters(
    columns: Mapping[str, ArrayLike] | Any, name: str, shape: tuple[int, ...], where: str
) -> Ints:
    """Return (..., n) cluster numbers from 0 in the order of the data, -1 where missing.

    Raises
    ------
    InputError
        If there is no such column, or all rows are one cluster.
    """
    return read_units(columns, name, shape, where)[0]


def read_units(
    columns: Mapping[str, ArrayLike] | Any,
    name: str,
    shape: tuple[int, ...],
    where: str,
    *,
    field: str = "cluster",
) -> tuple[Ints, tuple[str, ...]]:
    """Return numbers as `read_clusters` does, and the name of each; ``field`` is that of a plan."""
    if name not in columns:
        have = ", ".join(map(str, columns))
        raise InputError.of(where, name, "there is no such column", f"columns here: {have}")
    values = np.asarray(columns[name], object)
    numbers: dict[str, int] = {}
    codes = [
        -1
        if value is None or is_missing(str(value))
        else numbers.setdefault(_key(value), len(numbers))
        for value in values.ravel()
    ]
    found = np.array(codes, np.int64).reshape(values.shape)
    if len(numbers) < 2:
        cure = f"leave `{field}` out, or name a column with more values"
        one = "cluster" if field == "cluster" else "stratum"
        raise InputError.of(where, name, f"all rows are one {one}", cure)
    return np.broadcast_to(found, shape).copy(), tuple(numbers)


def _key(value: Any) -> str:
    """Return one text for 1, 1.0 and "1"."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def sum_by_cluster(terms: Floats, clusters: Ints) -> Floats:
    """Return sums over the patients of each cluster, (..., cluster, p)."""
    groups = int(clusters.max(initial=0)) + 1
    lead = np.broadcast_shapes(terms.shape[:-1], clusters.shape)
    terms = np.broadcast_to(terms, (*lead, terms.shape[-1]))
    clusters = np.broadcast_to(clusters, lead)
    sums = np.zeros((*lead[:-1], groups, terms.shape[-1]))
    at = np.indices(clusters.shape)[:-1]
    np.add.at(sums, (*at, clusters), terms)
    return sums


def centred_in_strata(sums: Floats, inside: Bools, stratum: Ints) -> Floats:
    """Return sums of units minus their mean in the stratum, times root n / (n - 1) of its n units.

    Parameters
    ----------
    sums
        (..., unit, p).
    inside, stratum
        (..., unit) whether a unit is analysed, and the number of its stratum, from 0.

    Examples
    --------
    >>> units = centred_in_strata(
    ...     np.array([[1.0], [3], [5], [5]]), np.ones(4, bool), np.array([0, 0, 1, 1])
    ... )
    >>> print((units.T @ units).round(3))  # 2 / (2 - 1) * ((1 - 2)^2 + (3 - 2)^2)
    [[4.]]
    """
    member = (stratum[..., None] == np.arange(stratum.max(initial=0) + 1)) & inside[..., None]
    count = member.sum(-2)
    total = np.einsum("...uh,...up->...hp", member.astype(float), sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / count[..., None]
        scale = np.sqrt(count / (count - 1))
    # an empty stratum has no mean and no units
    mean = np.where(count[..., None] > 0, mean, 0.0)
    own = np.take_along_axis(mean, np.broadcast_to(stratum, inside.shape)[..., None], -2)
    factor = np.take_along_axis(scale, np.broadcast_to(stratum, inside.shape), -1)
    return np.asarray(np.where(inside[..., None], (sums - own) * factor[..., None], 0.0))


def within_strata(clusters: Ints, strata: Ints) -> Ints:
    """Return numbers of clusters so that equal names in two strata are two clusters.

    >>> print(within_strata(np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])))
    [0 1 2 3]
    """
    pairs = np.stack([strata.ravel(), clusters.ravel()], -1)
    _, codes = np.unique(pairs, axis=0, return_inverse=True)
    found = codes.reshape(clusters.shape).astype(np.int64)
    return np.where((clusters < 0) | (strata < 0), -1, found)


def refuse_single_units(
    strata: Ints, units: Ints, stay: Bools, names: Sequence[str], name: str, where: str
) -> None:
    """Refuse strata with one unit, within which no variance can be estimated.

    Parameters
    ----------
    names
        Name of each stratum.

    Raises
    ------
    InputError
        Naming each such stratum.
    """
    first = np.unravel_index(0, stay.shape[:-1]) if stay.ndim > 1 else ()
    here, stratum, unit = stay[first], strata[first], units[first]
    single = [
        names[code]
        for code in np.unique(stratum[here])
        if len(np.unique(unit[here & (stratum == code)])) < 2
    ]
    if single:
        problem = f"one unit alone in stratum {', '.join(single)}: no variance within it"
        cure = "join it to another stratum"
        raise InputError.of(where, name, problem, cure)
