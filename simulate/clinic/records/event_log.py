"""Event log as in a clinical information system: one row per activity, including ongoing ones.

Activities have a lifecycle: *scheduled* (the patient waits), *start*, *complete*. A row's
``status`` is its state on the day of the extract: ``waiting``, ``ongoing``, ``complete`` or
``left``.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.clinic.flow.run_clinic import Run
from simulate.clinic.records.event_rows import STATUS, Block, rows_of
from simulate.clinic.records.state_on_day import Seen, views
from simulate.core.coding import ARMS

Floats = NDArray[np.float64]
Codes = NDArray[np.signedinteger]

#: Columns of the log and their meaning.
LOG_COLUMNS = {
    "run": "number of the run, from 1",
    "case": "number of the patient in the run, from 1: patient_id of the tables",
    "arm": "the arm chosen: untreated or treated",
    "activity": "what is done",
    "scheduled": "when the patient begins to wait for it",
    "start": "when it begins; empty while the patient waits",
    "complete": "when it ends; empty while it goes on",
    "resource": "who or what does it",
    "status": "waiting, ongoing, complete, or left if the patient left the queue",
    "detail": "result, rule that decided, or dose",
}

_SECONDS = 86_400


def event_log(run: Run, day: float = inf, first: int = 0, last: int | None = None) -> pd.DataFrame:
    """Return the log of a run as of the end of ``day``, by patient and time.

    Parameters as in `state_on_day.views`. Times are dates and times of day, to the second;
    day 0 begins on the clinic's opening date.
    """
    return log_of(run, views(run, day, first, last))


def log_of(run: Run, views: Iterable[Seen]) -> pd.DataFrame:
    """Return the log of the selected patients."""
    blocks = [block for seen in views for block in rows_of(seen)]
    cases, asked, start = (_joined(blocks, name) for name in ("cases", "asked", "start"))
    sizes = [len(block.cases) for block in blocks]
    place = np.repeat(np.array([block.place for block in blocks], np.int16), sizes)
    order = np.lexsort((place, np.where(np.isnan(start), asked, start), cases))
    opens = run.clinic.opens
    once = [np.zeros(size, np.int8) for size in sizes]
    return pd.DataFrame(
        {
            "run": run.replicate + 1,
            "case": cases[order],
            "arm": pd.Categorical.from_codes(_joined(blocks, "arms")[order], list(ARMS)),
            "activity": _words([(block.activity,) for block in blocks], once, order),
            "scheduled": timestamps(opens, asked[order]),
            "start": timestamps(opens, start[order]),
            "complete": timestamps(opens, _joined(blocks, "complete")[order]),
            "resource": _words([b.resources for b in blocks], [b.resource for b in blocks], order),
            "status": pd.Categorical.from_codes(_joined(blocks, "status")[order], list(STATUS)),
            "detail": _words([b.details for b in blocks], [b.detail for b in blocks], order),
        }
    )


def _words(
    own: Sequence[Sequence[str]], places: Sequence[Codes], order: NDArray[np.intp]
) -> pd.Categorical:
    """Merge the vocabularies of all blocks, given by positions in each block's own."""
    names = sorted({name for each in own for name in each})
    code = {name: number for number, name in enumerate(names)}
    codes = [
        np.array([code[name] for name in each], np.int16)[which]
        for each, which in zip(own, places, strict=True)
    ]
    return pd.Categorical.from_codes(np.concatenate(codes)[order], names)


def _joined(blocks: Sequence[Block], name: str) -> NDArray[Any]:
    return np.concatenate([getattr(block, name) for block in blocks])


def timestamps(opens: dt.date, days: Floats) -> NDArray[np.datetime64]:
    """Return times as dates with time of day, to the second; NaN becomes NaT."""
    missing = np.isnan(days)
    seconds = np.rint(np.where(missing, 0, days) * _SECONDS).astype("timedelta64[s]")
    times = np.datetime64(opens, "s") + seconds
    times[missing] = np.datetime64("NaT", "s")
    return np.asarray(times)
