"""What the clinic has written down by some day: the tables of `simulate.tables`, from the ledger.

Days in the tables count from each man's referral, 0. What has not happened by the day asked for
has no row; what is not known yet is empty.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from protocol.paths import injections_of
from simulate.care_tables import STAGES
from simulate.clinic import steps
from simulate.clinic.fate import Phases
from simulate.clinic.file import MINUTES_PER_DAY
from simulate.clinic.run import Run
from simulate.clinic.steps import codes, floats
from simulate.fertility import Couples
from simulate.hormones import MONTHS
from simulate.lookup import MONTH_DAYS
from simulate.measurement import rounded
from simulate.nouns import DIAGNOSES
from simulate.surgery import frozen, sides
from simulate.tables import ASSAYED, COLUMNS
from simulate.therapy import Course, estradiol_pmol_l, lh_iu_l, testosterone_nmol_l

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Men = NDArray[np.intp]


def clinic_tables(
    run: Run, day: float = inf, first: int = 0, last: int | None = None
) -> dict[str, pd.DataFrame]:
    """Return every table of `simulate.tables` but the truth, as known at the end of ``day``.

    Parameters
    ----------
    day
        In days from the opening; infinity is the end of all things.
    first, last
        Only men numbered from ``first`` (0) up to but not including ``last``.
    """
    seen = Seen(run, min(day, run.until_day), first, last)
    parts = {
        "patients": _patients(seen),
        "visits": _visits(seen),
        "injections": _injections(seen),
        "procedures": _procedures(seen),
        "operations": _operations(seen),
        "cycles": _cycles(seen),
        "transfers": _transfers(seen),
    }
    return {name: table[[column.name for column in COLUMNS[name]]] for name, table in parts.items()}


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as it looks on some day, of the men from ``first`` up to ``last``."""

    run: Run
    day: float
    first: int = 0
    last: int | None = None

    @property
    def men(self) -> Men:
        """Numbers of the men referred so far, from 0."""
        return self.by_now(floats(self.run.ledger.referred))

    def by_now(self, times: Floats) -> Men:
        """Return the men, numbered from 0, to whom this has happened."""
        return self.who(times <= self.day)

    def who(self, flags: Flags) -> Men:
        """Return the numbers, from 0, of the men looked at for whom a flag is true."""
        return np.flatnonzero(flags[self.first : self.last]) + self.first

    def done(self, step: int) -> Flags:
        """Who has completed a step."""
        return np.asarray(floats(self.run.ledger.complete[step])[self.men] <= self.day)

    def since_referral(self, times: Floats, men: Men) -> NDArray[np.int64]:
        """Return whole calendar days between referral and a time, for these men."""
        referred = floats(self.run.ledger.referred)[men]
        return (np.floor(times) - np.floor(referred)).astype(np.int64)

    def chose(self) -> Flags:
        """Who has made his choice of therapy."""
        return self.done(steps.COUNSELLING)


def _patients(seen: Seen) -> pd.DataFrame:
    run, men = seen.run, seen.men
    cohort, ledger = run.fates.cohort, run.ledger
    gn = cohort.gn[0][men].astype(np.int8)
    chose = seen.chose()
    regimens = np.array([rules.regimen.id for rules in run.rules])
    medicated = np.array([bool(rules.regimen.drugs) for rules in run.rules])[gn]
    completed = ~medicated | (np.array(run.fates.months)[men] == MONTHS)
    through = chose & (~medicated | seen.done(steps.MONTH_HORMONES[-1]))
    heard_of = run.fates.tries().couples.heard_of[0, men]
    started = floats(ledger.start[steps.MICRO_TESE])[men] <= seen.day
    operated = seen.done(steps.MICRO_TESE)
    icsi = seen.done(steps.ICSI)
    ended = floats(ledger.end_day)[men] <= seen.day
    born = codes(ledger.end)[men] == steps.BIRTH
    tested = seen.done(steps.BASELINE_HORMONES)
    baseline = {
        name: np.where(tested, values[0][men], np.nan) if name in ASSAYED else values[0][men]
        for name, values in cohort.baseline.items()
    }
    return pd.DataFrame(
        {
            "patient_id": men + 1,
            "diagnosis": np.array(DIAGNOSES)[cohort.men.diagnosis[0][men]],
            **baseline,
            "partner_age_years": rounded(cohort.men.partner_age_years[0][men], 1),
            "enrolled_day": np.floor(floats(ledger.referred)[men]).astype(int),
            "gn": _whole(gn, chose),
            "regimen": pd.Series(regimens[gn]).where(pd.Series(chose)),
            "completed": _whole(completed.astype(np.int8), through),
            "sperm_in_ejaculate": _known(codes(ledger.seen)[men], seen.done(steps.SEMEN_CHECK)),
            "micro_tese": started.astype(np.int8),
            "sperm_retrieved": _known(codes(ledger.retrieved)[men], operated),
            "icsi": icsi.astype(np.int8),
            "live_birth": _known(born, icsi & ended & heard_of),
        }
    )


def _whole(values: NDArray[np.int8], known: Flags) -> pd.Series:
    """Return whole numbers; as a type that can be empty only if some are not known yet."""
    return pd.Series(values) if known.all() else _known(values, known)


def _known(values: NDArray[np.generic], known: Flags) -> pd.Series:
    return pd.Series(pd.arrays.IntegerArray(values.astype(np.int8), ~known))


def _visits(seen: Seen) -> pd.DataFrame:
    """Lay out the visits in the order of men and months; hormones are empty until reported."""
    run, ledger = seen.run, seen.run.ledger
    blocks = [_first_visits(seen)]
    ends = _month_ends(seen)
    phase_names = _phase_names(run)
    gn = np.array(run.fates.gn)
    for month in range(MONTHS):
        begun = floats(ledger.start[steps.MONTH_VISIT[month]])
        men = seen.by_now(begun)
        reported = floats(ledger.complete[steps.MONTH_HORMONES[month]])[men] <= seen.day
        blocks.append(
            pd.DataFrame(
                {
                    "patient_id": men + 1,
                    "month": month + 1,
                    "day": seen.since_referral(begun[men], men),
                    "phase_before": phase_names[gn[men], codes(ledger.phase[month])[men]],
                    **{
                        name: np.where(reported, ends[which, month][men], np.nan)
                        for which, name in enumerate(ASSAYED)
                    },
                }
            )
        )
    table = pd.concat(blocks, ignore_index=True)
    return table.sort_values(["patient_id", "month"], ignore_index=True)


def _first_visits(seen: Seen) -> pd.DataFrame:
    cohort, begun = seen.run.fates.cohort, floats(seen.run.ledger.start[steps.FIRST_VISIT])
    men = seen.by_now(begun)
    reported = floats(seen.run.ledger.complete[steps.BASELINE_HORMONES])[men] <= seen.day
    return pd.DataFrame(
        {
            "patient_id": men + 1,
            "month": 0,
            "day": seen.since_referral(begun[men], men),
            "phase_before": np.full(len(men), None),
            **{name: np.where(reported, cohort.baseline[name][0][men], np.nan) for name in ASSAYED},
        }
    )


def _phase_names(run: Run) -> NDArray[np.object_]:
    """Return names of phases by arm and code."""
    most = max(len(rules.regimen.phases) for rules in run.rules)
    names = np.full((len(run.rules), most), "", object)
    for arm, rules in enumerate(run.rules):
        for phase in rules.regimen.phases:
            names[arm, phase.code] = phase.name
    return names


def _month_ends(seen: Seen) -> Floats:
    """Return measured hormones at the ends of months along each man's own phases.

    Shape (hormone, month, man). FSH is what the decision saw; the other assays err as much, each
    with luck of its own.
    """
    run = seen.run
    cohort = run.fates.cohort
    spread = cohort.scenario.physiology.assay_log_sd.value
    luck = cohort.luck.normal("other assays", width=len(ASSAYED) * MONTHS)[0]
    errors = np.exp(spread * luck.T).reshape(len(ASSAYED), MONTHS, -1)
    steps_of = [cohort.scenario.measurement.rounded_to[name].value for name in ASSAYED]
    ends = np.full((len(ASSAYED), MONTHS, cohort.gn.shape[1]), np.nan)
    for men, phases, arm in by_phases(seen):
        course = run.fates.ways[arm].outcomes[phases].course
        true = _true_hormones(seen, course)
        for which, name in enumerate(ASSAYED):
            values = true[name][1:, 0][:, men] * errors[which][:, men]
            if name == "fsh_iu_l":
                values = course.measured_fsh_iu_l[:, 0][:, men]
            ends[which][:, men] = rounded(values, steps_of[which])
    return ends


def _true_hormones(seen: Seen, course: Course) -> dict[str, Floats]:
    cohort = seen.run.fates.cohort
    model, men, traits = cohort.scenario.physiology, cohort.men, cohort.traits
    testosterone = testosterone_nmol_l(men, traits, course)
    return {
        "lh_iu_l": lh_iu_l(model, men, traits, course),
        "fsh_iu_l": course.fsh_iu_l,
        "testosterone_nmol_l": testosterone,
        "estradiol_pmol_l": estradiol_pmol_l(model, men, testosterone),
    }


def by_phases(seen: Seen) -> Iterator[tuple[Men, Phases, int]]:
    """Yield the men for whom each sequence of phases was decided, the sequence, and its arm.

    A man under way is counted to the first sequence that begins as his does.
    """
    run = seen.run
    gn = np.array(run.fates.gn)
    decided = np.stack([codes(column) for column in run.ledger.decided])
    free = np.ones(len(gn), bool)
    for arm, rules in enumerate(run.rules):
        for phases in rules.way.outcomes:
            wanted = np.array([rules.codes[name] for name in phases])[:, None]
            agrees = ((decided == wanted) | (decided < 0)).all(axis=0)
            men = seen.who(agrees & (gn == arm) & free)
            free[men] = False
            yield men, phases, arm


def injection_times(seen: Seen) -> Iterator[tuple[str, float, int, Men, Floats]]:
    """Yield drug, dose in IU, month (from 0), men and days (from the opening) of injections.

    The injections are those that the protocol engine lists for the phases decided, less those
    that he misses, and all after he breaks therapy off; those of a month begin when it does.
    """
    ledger, missed = seen.run.ledger, seen.run.fates.habits.missed
    stays = np.array(seen.run.fates.months)
    for men, phases, arm in by_phases(seen):
        regimen = seen.run.rules[arm].regimen
        if not regimen.drugs:
            continue
        for dose in injections_of(regimen, phases):
            month = dose.day // MONTH_DAYS
            times = floats(ledger.month_start[month])[men] + (dose.day - month * MONTH_DAYS)
            given = (times <= seen.day) & (month < stays[men])
            if missed is not None:
                given &= ~missed[dose.day, 0, men]
            yield dose.drug, dose.dose_iu, month, men[given], times[given]


def _injections(seen: Seen) -> pd.DataFrame:
    drugs, doses, men, times = [], [], [], []
    for drug, dose_iu, _, who, when in injection_times(seen):
        drugs.append(np.full(len(who), drug, object))
        doses.append(np.full(len(who), dose_iu))
        men.append(who)
        times.append(when)
    if not men:
        return pd.DataFrame({column.name: [] for column in COLUMNS["injections"]})
    who = np.concatenate(men)
    table = pd.DataFrame(
        {
            "patient_id": who + 1,
            "day": seen.since_referral(np.concatenate(times), who),
            "drug": np.concatenate(drugs),
            "dose_iu": np.concatenate(doses),
        }
    )
    return table.sort_values(["patient_id", "day", "drug"], ignore_index=True)


def _procedures(seen: Seen) -> pd.DataFrame:
    ledger = seen.run.ledger
    retrieved = np.where(codes(ledger.retrieved) == steps.YES, "sperm", "no sperm")
    ejaculate = np.where(codes(ledger.seen) == steps.YES, "sperm", "no sperm")
    source = np.where(codes(ledger.seen) == steps.YES, "ejaculated sperm", "testicular sperm")
    parts = (
        ("semen analysis", steps.SEMEN_CHECK, ejaculate),
        ("micro-TESE", steps.MICRO_TESE, retrieved),
        ("ICSI", steps.ICSI, source),
    )
    blocks = []
    for procedure, step, result in parts:
        men = seen.by_now(floats(ledger.complete[step]))
        days = seen.since_referral(floats(ledger.start[step])[men], men)
        blocks.append(
            pd.DataFrame(
                {
                    "patient_id": men + 1,
                    "day": days,
                    "procedure": procedure,
                    "result": result[men],
                }
            )
        )
    table = pd.concat(blocks)
    return table.sort_values(["patient_id", "day"], kind="stable", ignore_index=True)


def _operations(seen: Seen) -> pd.DataFrame:
    """List the operations that are over; the minutes are the clinic's own if it gives any."""
    run, ledger = seen.run, seen.run.ledger
    cohort, drawn = run.fates.cohort, run.fates.operations
    ended, began = floats(ledger.complete[steps.MICRO_TESE]), floats(ledger.start[steps.MICRO_TESE])
    men = seen.by_now(ended)
    own = run.clinic.theatre is not None and run.clinic.theatre.operation is not None
    minutes = (ended - began) * MINUTES_PER_DAY if own else drawn.minutes[0]
    found = codes(ledger.retrieved)[None] == steps.YES
    kept = cohort.men.baseline["testosterone_nmol_l"][0] * drawn.testosterone_kept[0]
    step = cohort.scenario.measurement.rounded_to["testosterone_nmol_l"].value
    return pd.DataFrame(
        {
            "patient_id": men + 1,
            "day": seen.since_referral(began[men], men),
            "minutes": rounded(minutes[men], 1),
            "testes_opened": sides(drawn, found)[0, men].astype(int),
            "complication": drawn.complication[0, men].astype(np.int8),
            "testosterone_after_nmol_l": rounded(kept[men], step),
        }
    )


def _cycles(seen: Seen) -> pd.DataFrame:
    """List the ICSI cycles that have been done."""
    run = seen.run
    men = seen.by_now(floats(run.ledger.complete[steps.ICSI]))
    testicular = codes(run.ledger.retrieved)[men] == steps.YES
    thawed = frozen(run.scenario.surgery, run.fates.cohort.luck)[0, men] & testicular
    counts = {name: np.zeros(len(men), int) for name in STAGES}
    for rows, couples in _by_age(run, men):
        for name, column in counts.items():
            column[rows] = getattr(couples.cycle, name)[0, men[rows]]
    return pd.DataFrame({"patient_id": men + 1, "sperm_thawed": thawed.astype(np.int8), **counts})


def _by_age(run: Run, men: Men) -> Iterator[tuple[Flags, Couples]]:
    """Yield the rows of ``men`` whose partners have aged alike, with the couples of that age."""
    quarters = np.frombuffer(run.ledger.quarters, np.int16)[men]
    for each in np.unique(quarters):
        yield quarters == each, run.fates.tries(int(each)).couples


def _transfers(seen: Seen) -> pd.DataFrame:
    """List the transfers whose outcome is known."""
    run, ledger = seen.run, seen.run.ledger
    blocks = []
    for number in range(ledger.transfers):
        men = seen.by_now(floats(ledger.complete[steps.pregnancy(number)]))
        embryos, positive = np.zeros(len(men), int), np.zeros(len(men), np.int8)
        for rows, couples in _by_age(run, men):
            who = men[rows]
            embryos[rows] = couples.cycle.transferred_at(np.full(len(who), number), (0, who))
            positive[rows] = couples.hcg_positive[0, who, number]
        blocks.append(
            pd.DataFrame(
                {
                    "patient_id": men + 1,
                    "order": number + 1,
                    "embryos": embryos,
                    "hcg_positive": positive,
                    "clinical_pregnancy": codes(ledger.pregnant[number])[men],
                    "live_birth": codes(ledger.born[number])[men],
                }
            )
        )
    return pd.concat(blocks).sort_values(["patient_id", "order"], ignore_index=True)


def milestones(run: Run, day: float = inf, first: int = 0, last: int | None = None) -> pd.DataFrame:
    """Return when each man came to each step, in days from the opening, and how his way ended.

    A step is dated by its start; empty where it has not come to that by the end of ``day``.
    """
    seen = Seen(run, min(day, run.until_day), first, last)
    men, ledger = seen.men, run.ledger

    def dated(times: Floats) -> Floats:
        return np.where(times[men] <= seen.day, times[men], np.nan).round(4)

    ended = floats(ledger.end_day)[men] <= seen.day
    begun = {
        f"{name.lower().replace(' ', '_').replace('-', '_')}_day": dated(floats(ledger.start[step]))
        for step, name in enumerate(ledger.steps)
    }
    return pd.DataFrame(
        {
            "patient_id": men + 1,
            "referred_day": floats(ledger.referred)[men].round(4),
            **begun,
            "end_day": dated(floats(ledger.end_day)),
            "end": np.array(steps.ENDS)[np.where(ended, codes(ledger.end)[men], 0)],
        }
    )
