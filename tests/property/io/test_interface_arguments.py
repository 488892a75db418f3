"""Any value of any argument of the protocol functions gives a result or a clear error."""

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pretese
from tests.support.command_lines import HOSTILE, folder_of_files

#: Values that a program may pass by mistake.
MISTAKEN = (
    None, True, False, 0, -1, 3, 2.5, float("nan"), float("inf"), 10**30, 10**400, 1j, b"", b"\x00",
    (), [], {}, set(), [None], [3], [float("nan")], ("a", 3), {"a": None}, {3: 4}, {"a": {"b": 1}},
    object(), print, dt.date.min, dt.date.max, dt.datetime.max, dt.time(), dt.timedelta(1),
    np.float64("nan"), np.array([]), np.array([[1.0, 2.0]]), np.array(["a"]), pd.NA, pd.NaT,
    pd.DataFrame(), pd.DataFrame({"patient": [1]}), pd.Series(["a"]), Path(), Path("log.csv"),
)  # fmt: skip

GUIDED = pretese.regimen("fsh-guided")
PLAN = GUIDED.schedule("2026-01-05")

ARGUMENTS = {
    "regimen name": lambda value: pretese.regimen(value),
    "regimen parameter": lambda value: pretese.regimen(fsh_high=value),
    "patient": lambda value: GUIDED.decide(value, decision_date="2026-01-05"),
    "field of a patient": lambda value: GUIDED.decide({"patient": "a", "started": value}),
    "month": lambda value: GUIDED.decide(month=value),
    "previous phase": lambda value: GUIDED.decide(month=2, previous_phase=value),
    "fsh": lambda value: GUIDED.decide(month=2, fsh=value),
    "fsh unit": lambda value: GUIDED.decide(month=2, fsh=9.8, fsh_unit=value),
    "findings": lambda value: GUIDED.decide(month=2, findings=value),
    "finding": lambda value: GUIDED.decide(month=2, findings={"testosterone": value}),
    "name of a finding": lambda value: GUIDED.decide(month=2, findings=[value]),
    "unit of a finding": lambda value: GUIDED.decide(month=2, findings={"fsh": (9.8, value)}),
    "decision date": lambda value: GUIDED.decide(month=2, decision_date=value),
    "start": lambda value: GUIDED.schedule(value),
    "levels": lambda value: GUIDED.schedule("2026-01-05", fsh=value),
    "unit of levels": lambda value: GUIDED.schedule("2026-01-05", fsh=9, fsh_unit=value),
    "decisions": lambda value: GUIDED.schedule("2026-01-05", decisions=value),
    "at": lambda value: PLAN.to_ics(pseudonym="17", time=value, timezone="Europe/Berlin"),
    "timezone": lambda value: PLAN.to_ics(pseudonym="17", time="08:00", timezone=value),
    "pseudonym": lambda value: PLAN.to_ics(pseudonym=value),
    "issued": lambda value: PLAN.to_ics(pseudonym="17", issued=value),
    "previous": lambda value: PLAN.to_ics(pseudonym="17", previous=value),
    "format": lambda value: GUIDED.show(value),
    "table": lambda value: GUIDED.show("dmn", table=value),
    "log": lambda value: pretese.audit(value),
    "regimen of an audit": lambda value: pretese.audit("log.csv", value),
    "columns": lambda value: pretese.audit("log.csv", columns=value),
    "mapping": lambda value: pretese.audit("log.csv", mapping=value),
    "dates": lambda value: pretese.audit("log.csv", dates=value),
    "decimal": lambda value: pretese.audit("log.csv", decimal=value),
    "sheet": lambda value: pretese.audit("log.csv", sheet=value),
    "data cut-off": lambda value: pretese.audit("log.csv", data_cutoff=value),
    "own column": lambda value: pretese.audit("log.csv", columns={"patient": value}),
}


def outcome(argument, value):
    """Return the answer, or the error that refuses the value."""
    try:
        return ARGUMENTS[argument](value)
    except pretese.InputError as error:
        return error


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_a_mistaken_value_is_answered_or_refused_in_words(argument):
    with folder_of_files():
        found = [outcome(argument, value) for value in (*HOSTILE, *MISTAKEN)]
    faults = [f for each in found if isinstance(each, pretese.InputError) for f in each.faults]
    assert faults
    assert all(fault.problem and fault.cure for fault in faults)
    assert all(repr(each) for each in found)
