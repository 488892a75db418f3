"""What a reader of a running trial must know beside its numbers, one sentence each."""

from collections.abc import Iterator

import numpy as np

from estimate.sequential.boundaries import HaybittlePeto
from pretese.trial.monitoring.boundaries_observed import TOLERANCE, follows
from pretese.trial.monitoring.ongoing_trial import Monitored

#: Men may overstate information by this share, for arms out of balance, before it is said.
_UNBALANCED = 0.02


def remarks_of(trial: Monitored) -> Iterator[str]:
    """Yield how the numbers of a running trial are to be read."""
    yield from _clock(trial)
    yield from _bounds(trial)
    yield from _resized(trial)
    yield from _end(trial)
    yield from _missing(trial)


def _clock(trial: Monitored) -> Iterator[str]:
    course, design = trial.course, trial.design
    if course.clock == "information":
        yield (
            "Share of the plan: Fisher information 1 / std_error^2, over "
            f"{course.planned:.6g} planned for the last look."
        )
    else:
        yield (
            f"Share of the plan: men analysed, over {course.planned:.6g} planned to be analysed "
            "at the last look."
        )
    if not course.by_counts and course.scale == "log odds ratio":
        yield "Estimates and their errors are read as natural logarithms of odds ratios."
    yield from _unbalanced(trial)
    if design.secondary:
        others = ", ".join(design.labels[1:])
        yield (
            f"This is the primary endpoint {design.endpoint.label} alone, which is tested at its "
            f"whole level; {others}: not monitored here."
        )


def _unbalanced(trial: Monitored) -> Iterator[str]:
    if trial.taken.men is None:
        return
    control, treated = trial.taken.men.T
    parts = np.asarray(trial.design.allocation) / sum(trial.design.allocation)
    share = control * treated / (control + treated) ** 2 / parts.prod()
    for k in np.flatnonzero(np.abs(share - 1) > _UNBALANCED):
        yield (
            f"Look {k + 1}: {control[k]} and {treated[k]} men are not the planned allocation; "
            f"they carry {share[k]:.1%} of the information that their number says."
        )


def _bounds(trial: Monitored) -> Iterator[str]:
    plan, monitoring, standing = (
        trial.design.monitoring.plan(),
        trial.design.monitoring,
        trial.standing,
    )
    if plan.looks > 1 or standing.bounds.looks > 1:
        if follows(monitoring):
            yield "Bounds follow the looks that came: error is spent by share of the plan."
        else:
            yield (
                f"Bounds are fixed beforehand and hold for looks within {TOLERANCE:g} of their "
                "planned share."
            )
    if plan.has_futility and follows(monitoring):
        binds = "bind" if plan.binding else "do not bind: overruling them does alpha no harm"
        yield (
            "Futility bounds spend beta by share of the plan, under the effect that the plan has "
            f"its power for; they {binds}."
        )
    elif plan.has_futility:
        yield "Futility bounds are those of the plan; they do not follow the looks."


def _resized(trial: Monitored) -> Iterator[str]:
    at = trial.course.adapted
    if at is None:
        return
    yield (
        f"The size of the rest was chosen at look {at}. Men after it are analysed apart and "
        "combined with those before by the weights of the plan, whatever their number; a later "
        "look has its planned share, and its repeated interval inverts the combination."
    )
    stop = trial.standing.stop
    if stop is not None and stop >= at:
        yield (
            "No median-unbiased estimate and no final interval: information no longer stands in "
            "the proportions that the ordering of outcomes needs. The repeated interval holds."
        )


def _end(trial: Monitored) -> Iterator[str]:
    standing, fraction = trial.standing, trial.course.fraction
    if standing.stop is None:
        return
    share = fraction[standing.stop]
    if trial.asked.ended and standing.why == "futility":
        yield "Ended on a futility bound: no error was moved to this look."
    elif standing.last and share < 1 - 1e-9:
        how = "as was said" if trial.asked.ended else "the last look of the plan by number"
        yield (
            f"Look {standing.stop + 1} ends the trial at {share:.3f} of the plan ({how}) and takes "
            "all error that was left. That holds alpha only if the data were not why it ended here."
        )
    if standing.over_run is not None:
        yield (
            "The decision is that of the look that stopped the trial. Data that came in later "
            "do not undo it; the analysis with them deletes the stopping look (Whitehead 1992), "
            "as if the trial had gone on past it."
        )
    if standing.stop == 0 and standing.over_run is None:
        return
    yield (
        "The naive analysis takes the last look for the only one. A trial stops when its effect "
        "looks large, so the naive estimate lies too far from no effect and its p-value is too "
        "small; the analysis by design orders outcomes by look, then by z."
    )


def _missing(trial: Monitored) -> Iterator[str]:
    """Yield why some numbers are not there."""
    design, course, standing = trial.design, trial.course, trial.standing
    plan, shape, running = design.monitoring.plan(), design.monitoring.shape(), standing.stop != 0
    if running and course.scale == "log odds ratio" and design.analysis.conditional:
        yield "The planned effect is unknown: no pair of risks has a conditional odds ratio."
    elif running and design.risks is None and trial.asked.risks is None:
        yield (
            "The planned effect is unknown: the design names a scenario. Give "
            "--risks CONTROL,TREATED, in percent, for conditional power under it."
        )
    if plan.binding:
        yield "No repeated p: the bounds rely on stopping for futility."
    elif isinstance(shape, HaybittlePeto) or design.monitoring.efficacy.startswith("user"):
        yield "No repeated p: the bounds have no counterpart at another level."
    if standing.stop is not None and course.std_error[standing.stop] <= 0:
        yield "No final analysis: the counts of the last look have no variance."
