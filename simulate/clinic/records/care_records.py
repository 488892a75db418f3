"""Records of theatre and laboratory as of a given day."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulate.clinic.flow import steps
from simulate.clinic.records.state_on_day import Indices, Seen
from simulate.clinic.setup.time_units import MINUTES_PER_DAY
from simulate.cohort.births import Couples
from simulate.cohort.surgery import frozen, sides
from simulate.core.rounding import rounded
from simulate.tables.care_tables import STAGES

Flags = NDArray[np.bool_]


def procedures(seen: Seen) -> pd.DataFrame:
    """List the procedures performed, in order of day."""
    columns = seen.columns
    retrieved = np.where(columns.retrieved == steps.YES, "sperm", "no sperm")
    ejaculate = np.where(columns.seen == steps.YES, "sperm", "no sperm")
    source = np.where(columns.seen == steps.YES, "ejaculated sperm", "testicular sperm")
    parts = (
        ("semen analysis", steps.SEMEN_ANALYSIS, ejaculate),
        ("micro-TESE", steps.MICRO_TESE, retrieved),
        ("ICSI", steps.ICSI, source),
    )
    blocks = []
    for procedure, step, result in parts:
        patients = seen.by_now(columns.complete[step])
        days = seen.since_referral(columns.start[step][patients], patients)
        blocks.append(
            pd.DataFrame(
                {
                    "patient_id": seen.numbers(patients),
                    "day": days,
                    "procedure": procedure,
                    "result": result[patients],
                }
            )
        )
    table = pd.concat(blocks)
    return table.sort_values(["patient_id", "day"], kind="stable", ignore_index=True)


def recorded_operations(seen: Seen) -> pd.DataFrame:
    """List the completed operations, with the clinic's own minutes if it gives any."""
    columns, theatre = seen.columns, seen.run.clinic.theatre
    cohort, drawn = seen.courses.cohort, seen.courses.operations
    ended, began = columns.complete[steps.MICRO_TESE], columns.start[steps.MICRO_TESE]
    patients = seen.by_now(ended)
    own = theatre is not None and theatre.operation is not None
    minutes = (ended - began) * MINUTES_PER_DAY if own else drawn.minutes[0]
    found = columns.retrieved[None] == steps.YES
    kept = cohort.patients.baseline["testosterone_nmol_l"][0] * drawn.testosterone_kept[0]
    step = cohort.scenario.measurement.rounded_to["testosterone_nmol_l"].value
    return pd.DataFrame(
        {
            "patient_id": seen.numbers(patients),
            "day": seen.since_referral(began[patients], patients),
            "minutes": rounded(minutes[patients], 1),
            "testes_opened": sides(drawn, found)[0, patients].astype(int),
            "complication": drawn.complication[0, patients].astype(np.int8),
            "testosterone_after_nmol_l": rounded(kept[patients], step),
        }
    )


def recorded_cycles(seen: Seen) -> pd.DataFrame:
    """List the completed ICSI cycles."""
    columns, streams = seen.columns, seen.courses.cohort.streams
    patients = seen.by_now(columns.complete[steps.ICSI])
    testicular = columns.retrieved[patients] == steps.YES
    thawed = frozen(seen.run.scenario.surgery, streams)[0, patients] & testicular
    counts = {name: np.zeros(len(patients), int) for name in STAGES}
    for rows, couples in _by_age(seen, patients):
        for name, column in counts.items():
            column[rows] = getattr(couples.cycle, name)[0, patients[rows]]
    return pd.DataFrame(
        {"patient_id": seen.numbers(patients), "sperm_thawed": thawed.astype(np.int8), **counts}
    )


def _by_age(seen: Seen, patients: Indices) -> Iterator[tuple[Flags, Couples]]:
    """Yield rows of ``patients`` grouped by the partner's age, with the couples of that age."""
    quarters = seen.columns.quarters[patients]
    for each in np.unique(quarters):
        yield quarters == each, seen.courses.couples(int(each))


def transfers(seen: Seen) -> pd.DataFrame:
    """List the transfers whose outcome is known."""
    columns = seen.columns
    blocks = []
    for number in range(seen.run.ledger.transfers):
        patients = seen.by_now(columns.complete[steps.pregnancy(number)])
        embryos, positive = np.zeros(len(patients), int), np.zeros(len(patients), np.int8)
        for rows, couples in _by_age(seen, patients):
            who = patients[rows]
            embryos[rows] = couples.cycle.transferred_at(np.full(len(who), number), (0, who))
            positive[rows] = couples.biochemical_pregnancy[0, who, number]
        blocks.append(
            pd.DataFrame(
                {
                    "patient_id": seen.numbers(patients),
                    "order": number + 1,
                    "embryos": embryos,
                    "biochemical_pregnancy": positive,
                    "clinical_pregnancy": columns.pregnant[number][patients],
                    "live_birth": columns.born[number][patients],
                }
            )
        )
    return pd.concat(blocks).sort_values(["patient_id", "order"], ignore_index=True)
