"""Clusters of rows: couples with several embryos, patients of one centre."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Floats, Ints
from protocol.errors import InputError
from protocol.reading.missing_words import is_missing

#: Words in names of identifier columns.
_UNITS = {"patient", "subject", "couple", "participant", "person", "case", "record", "pid"}


def names_identifier(name: str) -> bool:
    """Return whether a column's name says that it identifies patients, couples or the like.

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
        If there is no such column, or every row is a cluster of its own, or all are one.
    """
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
        cure = "leave `cluster` out, or name a column with more values"
        raise InputError.of(where, name, "all rows are one cluster", cure)
    return np.broadcast_to(found, shape).copy()


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
