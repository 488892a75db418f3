"""Times of analyses, and participants on treatment without an endpoint at each.

Time is months of 30 days elapsed since the trial opened. A patient is recruited and treated; the
endpoint is known some months later or, after dropout, never.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.errors import InputError

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AnalysisTimes:
    """Times of the analyses of every trial; ``...`` is the leading shape of the arrivals.

    Attributes
    ----------
    months
        (..., analysis) time at which the data of an analysis are complete; infinity if never.
    recruited
        (..., analysis) patients recruited by then.
    overrunning
        (..., analysis) patients recruited without an endpoint yet: their data arrive after the
        decision.
    known
        (..., analysis, patient) whether an analysis can use the endpoint.
    """

    months: Floats
    recruited: Counts
    overrunning: Counts
    known: NDArray[np.bool_]


def schedule_analyses(
    arrival_months: ArrayLike,
    endpoint_months: ArrayLike,
    endpoints: ArrayLike,
) -> AnalysisTimes:
    """Schedule each analysis at the time when its number of endpoints is known.

    Parameters
    ----------
    arrival_months
        (..., patient) time of recruitment, increasing; infinity means never.
    endpoint_months
        (..., patient) months from recruitment to the endpoint, broadcast; infinity after dropout.
    endpoints
        (analysis,) increasing whole numbers of endpoints.

    Examples
    --------
    Four patients, one a month, endpoints three months later; the analysis at two endpoints is in
    month 4, when four patients have been recruited:

    >>> analyses = schedule_analyses([0.0, 1.0, 2.0, 3.0], 3.0, [2, 4])
    >>> analyses.months.tolist(), analyses.recruited.tolist(), analyses.overrunning.tolist()
    ([4.0, 6.0], [4, 4], [2, 0])
    """
    wanted = np.atleast_1d(np.asarray(endpoints))
    if not np.issubdtype(wanted.dtype, np.integer) or wanted[0] < 1 or (np.diff(wanted) <= 0).any():
        problem = f"{wanted.tolist()} are not whole numbers that rise from 1"
        raise InputError.of("analyses", "endpoints", problem, "give cumulative endpoints")
    arrival, delay = np.broadcast_arrays(
        np.asarray(arrival_months, float), np.asarray(endpoint_months, float)
    )
    if (delay < 0).any() or np.isnan(delay).any() or np.isnan(arrival).any():
        problem = "some are below 0 or not numbers"
        raise InputError.of("analyses", "endpoint_months", problem, "give months from 0")
    if wanted[-1] > arrival.shape[-1]:
        problem = f"{wanted[-1]} endpoints are wanted of {arrival.shape[-1]} patients"
        raise InputError.of(
            "analyses", "endpoints", problem, "analysis earlier or recruit more patients"
        )
    ready = arrival + delay
    months = np.sort(ready, axis=-1)[..., wanted - 1]
    # An infinite analysis time does not include patients who never arrive.
    known = (ready[..., None, :] <= months[..., None]) & np.isfinite(ready)[..., None, :]
    here = (arrival[..., None, :] <= months[..., None]) & np.isfinite(arrival)[..., None, :]
    coming = here & ~known & np.isfinite(ready)[..., None, :]
    return AnalysisTimes(months, here.sum(-1), coming.sum(-1), known)
