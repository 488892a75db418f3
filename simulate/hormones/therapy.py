"""A patient under a regimen: month by month the rule decides from measured FSH, the body answers.

What does not differ between patients (when each injection is due, how the Leydig cells answer to
them) is worked out once for every sequence of phases that occurs, and looked up for a million
patients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from protocol.errors import InputError
from protocol.regimen.load import Phase, Regimen
from simulate.hormones.decision_lookup import MONTH_DAYS, UNDECIDED, answers, lookup
from simulate.hormones.drugs import check_drugs
from simulate.hormones.monthly_response import Body
from simulate.hormones.traits import MONTHS, Traits, log_fall
from simulate.patients.adherence import Habits
from simulate.patients.baseline import Patients
from simulate.patients.measurement import rounded
from simulate.scenario.sections.endocrine import Physiology

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Course:
    """Course of therapy; arrays of shape (replicate, patient) or (month, replicate, patient).

    Attributes
    ----------
    regimen
        The regimen followed.
    phase
        Phase of months 1 to 3, as codes along ``regimen.phases``.
    stimulus
        What holds the pituitary back at the start and at the end of months 1 to 3 (four entries),
        from 0 to 1 at the steady state of the reference dose.
    leydig_activity
        How the Leydig cells answer to hCG at the same four times, from 0 to 1 at the peak of the
        reference dose.
    fsh_iu_l
        True serum FSH in IU/L, uFSH included, when blood is drawn for the same four times.
    measured_fsh_iu_l
        What the laboratory reports at the end of months 1 to 3.
    share_treated
        Share of the three months with injections, counting a month by the share of them taken.
    fsh_normalised
        Whether FSH was measured within the normal range at the end of any month.
    completed
        Whether he went through every month of the regimen.
    missed
        On which days of therapy a due injection would be missed, shape (day, replicate, patient);
        None: on none.
    """

    regimen: Regimen
    phase: Codes
    stimulus: Floats
    leydig_activity: Floats
    fsh_iu_l: Floats
    measured_fsh_iu_l: Floats
    share_treated: Floats
    fsh_normalised: Flags
    completed: Flags
    missed: Flags | None


def follow(
    regimen: Regimen,
    model: Physiology,
    patients: Patients,
    traits: Traits,
    fsh_step_iu_l: float,
    habits: Habits | None = None,
) -> Course:
    """Take every patient through the months of a regimen, by the same table that decides for one.

    After the last of them time stands still: the months that are left up to three have no
    injections, and hormones as they were.

    Parameters
    ----------
    fsh_step_iu_l
        The laboratory reports FSH in whole multiples of this; the decision sees the report.
    habits
        How the patients keep to it; None: as they are told.
    """
    _refuse_longer(regimen)
    _refuse_other_inputs(regimen)
    check_drugs(regimen, model)
    habits = habits or Habits()
    fsh_before_therapy = patients.baseline["fsh_iu_l"]
    if not regimen.drugs and len(regimen.phases) == 1:
        return _without_therapy(regimen, model, fsh_before_therapy, traits, fsh_step_iu_l)
    shape = patients.diagnosis.shape
    body = Body(regimen, model, traits, habits, shape)
    fall = log_fall(fsh_before_therapy, model.suppressed_fsh_iu_l.value, traits)
    phase = np.empty((MONTHS, *shape), np.int8)
    decided = np.empty_like(phase)
    stimulus, leydig, fsh = (np.zeros((MONTHS + 1, *shape)) for _ in range(3))
    measured = np.empty((MONTHS, *shape))
    fsh[0] = fsh_before_therapy
    for month in range(regimen.months):
        decided[month] = _decide(regimen, month, decided, measured)
        phase[month] = _stopped(regimen, month, decided[month], habits)
        push, leydig[month + 1], injected = body.live(month, phase[month])
        stimulus[month + 1] = (1 - model.response_per_month.value) * stimulus[month] + push
        fsh[month + 1] = fsh_before_therapy * np.exp(fall * stimulus[month + 1]) + injected
        measured[month] = rounded(fsh[month + 1] * traits.assay[..., month], fsh_step_iu_l)
    for month in range(regimen.months, MONTHS):  # therapy is over, and so is what is told of it
        phase[month] = _rest(regimen)
        for course in (stimulus, leydig, fsh):
            course[month + 1] = course[month]
        measured[month] = measured[month - 1] if month else fsh[0]
    stayed = np.ones(shape, bool) if habits.months is None else habits.months >= regimen.months
    return Course(
        regimen=regimen,
        phase=phase,
        stimulus=stimulus,
        leydig_activity=leydig,
        fsh_iu_l=fsh,
        measured_fsh_iu_l=measured,
        share_treated=body.months_given / MONTHS,
        fsh_normalised=_ever_normal(model, measured),
        completed=stayed,
        missed=habits.missed,
    )


def _without_therapy(
    regimen: Regimen, model: Physiology, fsh: Floats, traits: Traits, step: float
) -> Course:
    """Leave every patient as he is; arrays that hold one value for all take no memory."""
    nothing = np.broadcast_to(0.0, (MONTHS + 1, *fsh.shape))
    measured = rounded(fsh * np.moveaxis(traits.assay, -1, 0), step)
    return Course(
        regimen=regimen,
        phase=np.zeros((MONTHS, *fsh.shape), np.int8),
        stimulus=nothing,
        leydig_activity=nothing,
        fsh_iu_l=np.broadcast_to(fsh, (MONTHS + 1, *fsh.shape)),
        measured_fsh_iu_l=measured,
        share_treated=nothing[0],
        fsh_normalised=_ever_normal(model, measured),
        completed=np.broadcast_to(np.True_, fsh.shape),
        missed=None,
    )


def _ever_normal(model: Physiology, measured: Floats) -> Flags:
    low, high = model.normal_fsh_low_iu_l.value, model.normal_fsh_high_iu_l.value
    return np.asarray(((measured >= low) & (measured <= high)).any(axis=0))


def _stopped(regimen: Regimen, month: int, decided: Codes, habits: Habits) -> Codes:
    """Replace the decided phase by the one without injections in patients who have stopped."""
    if habits.months is None:
        return decided
    return np.where(habits.months <= month, np.int8(_rest(regimen)), decided)


def _rest(regimen: Regimen) -> int:
    """Return the code of the phase of patients whom nothing is injected."""
    rest = [each.code for each in regimen.phases if not each.orders]
    if not rest:
        cure = "give it a phase without orders for patients who stop"
        raise InputError.of(regimen.id, "phases", "patients cannot stop this regimen", cure)
    return rest[0]


def _refuse_longer(regimen: Regimen) -> None:
    if regimen.months > MONTHS:
        problem = (
            f"therapy of {regimen.months} months is longer than simulated patients live through it"
        )
        cure = f"simulate a regimen of up to {MONTHS} months"
        raise InputError.of(regimen.id, "months", problem, cure)


#: Inputs of a phase table that simulated patients have.
SIMULATED_INPUTS = frozenset({"month", "previous_phase", "fsh_iu_l"})


def _refuse_other_inputs(regimen: Regimen) -> None:
    """Raise `InputError` for a regimen whose phases depend on more than FSH."""
    others = [name for name in regimen.tables["phase"].inputs if name not in SIMULATED_INPUTS]
    if others:
        problem = f"phases depend on {', '.join(others)}, which the simulation does not feed back"
        cure = "simulate a regimen whose phase table asks for FSH alone"
        raise InputError.of(regimen.id, "tables.phase.inputs", problem, cure)


def therapy_days(regimen: Regimen) -> int:
    """Return on which day after its begin a regimen leads to the semen analysis and surgery.

    Examples
    --------
    >>> from protocol.regimen.load import load_regimen
    >>> therapy_days(load_regimen("fsh-guided")), therapy_days(load_regimen("no-therapy"))
    (90, 0)
    """
    return regimen.months * MONTH_DAYS


def _decide(regimen: Regimen, month: int, phase: Codes, measured: Floats) -> Codes:
    """Determine the phase of a month; ``month`` counts from 0 here and from 1 in the table."""
    table = regimen.tables["phase"]
    axes = {axis.name: axis for axis in table.proved.axes}
    shape = phase.shape[1:]
    columns: dict[str, ArrayLike] = {"month": month + 1}
    if "previous_phase" in axes:
        names = axes["previous_phase"].values
        before = _codes_in(names, regimen.phases)
        columns["previous_phase"] = before[phase[month - 1]] if month else names.index("none")
    if "fsh_iu_l" in axes:  # an assay reports no more than the end of its range
        highest = axes["fsh_iu_l"].high
        columns["fsh_iu_l"] = (
            np.minimum(measured[month - 1], highest) if month else np.full(shape, np.nan)
        )
    rules = lookup(table.proved, {name: columns[name] for name in axes})
    phase_of_rule = answers(table, [phase.name for phase in regimen.phases])
    chosen: Codes = phase_of_rule.astype(np.int8)[rules]
    if (chosen == UNDECIDED).any():
        silent = table.rules[int(rules.ravel()[chosen.ravel().argmin()])]
        raise InputError.of(
            regimen.id,
            f"tables.phase.{silent.id}",
            f"it leaves simulated patients without a phase in month {month + 1}",
            "simulate a regimen whose phase table answers whenever FSH is known",
        )
    return chosen


def _codes_in(names: tuple[str, ...], phases: tuple[Phase, ...]) -> NDArray[np.intp]:
    return np.array([names.index(phase.name) for phase in phases])
