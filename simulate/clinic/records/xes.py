"""The event log as XES (IEEE 1849-2016), the standard format of process-mining tools."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import TextIO
from xml.sax.saxutils import quoteattr

import numpy as np
import pandas as pd

from protocol.safe_text import xml_text

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
<extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
<extension name="Lifecycle" prefix="lifecycle" uri="http://www.xes-standard.org/lifecycle.xesext"/>
<extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
<global scope="trace"><string key="concept:name" value="0"/></global>
<global scope="event"><string key="concept:name" value=""/>\
<date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>\
<string key="lifecycle:transition" value="complete"/></global>
<classifier name="Activity" keys="concept:name"/>
<classifier name="Activity and transition" keys="concept:name lifecycle:transition"/>
"""

#: Lifecycle transitions of the standard, by column of the log, in the order of one activity.
_TRANSITIONS = (("scheduled", "schedule"), ("start", "start"), ("complete", "complete"))


class XesWriter:
    """Writes logs from `event_log.event_log` as traces; use it in a ``with`` block.

    Each patient of each run is a trace, named ``run-case``. Every row becomes up to three events
    with the standard's transitions schedule, start and complete; an activity that has not begun or
    ended lacks the later ones; an instantaneous activity has complete only. A patient who left has
    the transition withdraw. Times carry no zone of their own and are written as UTC.
    """

    __slots__ = ("_file",)

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __enter__(self) -> "XesWriter":
        self._file.write(_HEAD)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.write("</log>\n")

    def write(self, log: pd.DataFrame) -> None:
        """Add the traces of a log whose rows are ordered by patient."""
        self._file.writelines(_traces(log))


def _traces(log: pd.DataFrame) -> Iterator[str]:
    column = {name: log[name].tolist() for name in ("run", "case", "arm", "status")}
    words = [
        _text("concept:name", activity) + _text("org:resource", who) + _detail(detail)
        for activity, who, detail in zip(
            log["activity"].tolist(), log["resource"].tolist(), log["detail"].tolist(), strict=True
        )
    ]
    times = {name: np.datetime_as_string(log[name].to_numpy()).tolist() for name, _ in _TRANSITIONS}
    patients = list(zip(column["run"], column["case"], column["arm"], strict=True))
    first = 0
    for patient, rows in groupby(patients):
        last = first + len(list(rows))
        name = _text("concept:name", f"{patient[0]}-{patient[1]}") + _text("arm", patient[2])
        events = sorted(
            _events(range(first, last), words, times, column["status"]),
            key=lambda event: event[0],
        )
        yield from ("<trace>", name, *(line for _, line in events), "\n</trace>\n")
        first = last


def _events(
    rows: range, words: Sequence[str], times: Mapping[str, Sequence[str]], status: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield (time, event) of a trace; times are ISO, so that they sort as text."""
    last = max(times["start"][row] for row in rows if times["start"][row] != _NEVER)
    for row in rows:
        for column, transition in _TRANSITIONS:
            time = times[column][row]
            later = _LATER.get(column)
            if time != _NEVER and not (later and time == times[later][row]):
                yield time, _event(words[row], time, transition)
        if status[row] == "left":
            yield last, _event(words[row], last, "withdraw")


def _event(words: str, time: str, transition: str) -> str:
    when = f'<date key="time:timestamp" value="{time}+00:00"/>'
    return f"\n<event>{words}{when}{_TRANSITION[transition]}</event>"


@lru_cache(10_000)
def _text(key: str, value: str) -> str:
    return f"<string key={quoteattr(key)} value={quoteattr(xml_text(value))}/>"


@lru_cache(10_000)
def _detail(detail: str) -> str:
    return _text("detail", detail) if detail else ""


_NEVER = "NaT"
#: A transition at the same time as the next one is omitted.
_LATER = {"scheduled": "start", "start": "complete"}
_TRANSITION = {name: _text("lifecycle:transition", name) for _, name in _TRANSITIONS} | {
    "withdraw": _text("lifecycle:transition", "withdraw")
}
