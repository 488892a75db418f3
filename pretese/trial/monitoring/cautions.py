"""Remarks on the interpretation of an ongoing trial."""

from collections.abc import Iterator

import numpy as np

from estimate.sequential.boundary_shapes import HaybittlePeto
from pretese.trial.design.endpoint import EndpointAnalysis
from pretese.trial.monitoring.boundaries_observed import TOLERANCE, follows
from pretese.trial.monitoring.interim_data import ACCESS
from pretese.trial.monitoring.ongoing_trial import Monitored
from pretese.trial.monitoring.reestimated_stages import new_sizes
from simulate.labels import label_of

#: Smallest loss of information by unequal arms that is reported.
_UNBALANCED = 0.02


def remarks_of(trial: Monitored) -> Iterator[str]:
    """Yield remarks on the interpretation of an ongoing trial."""
    yield ACCESS
    yield from _information(trial)
    yield from _boundaries(trial)
    yield from _resized(trial)
    yield from _end(trial)
    yield from _missing(trial)


def _information(trial: Monitored) -> Iterator[str]:
    statistics, design = trial.statistics, trial.design
    if statistics.information_unit == "information":
        yield (
            "Information fraction: Fisher information 1 / std_error^2, relative to "
            f"{statistics.planned:.6g} planned for the final analysis."
        )
    else:
        yield (
            f"Information fraction: participants analysed, relative to {statistics.planned:.6g} "
            "planned for the final analysis."
        )
    if not statistics.by_counts and statistics.scale.startswith("log "):
        ratio = statistics.scale.removeprefix("log ")
        yield f"Estimates and standard errors are read as natural logarithms of {ratio}s."
    if statistics.by_counts and design.analysis.method != "unadjusted":
        yield _other_scale(design.analysis)
    yield from _unbalanced(trial)
    if design.secondary:
        others = ", ".join(map(label_of, design.labels[1:]))
        yield (
            f"Only the primary endpoint {label_of(design.endpoint.label)} is monitored, at full "
            f"alpha; {others}: not monitored here."
        )


def _other_scale(analysis: EndpointAnalysis) -> str:
    """Return how effects are shown where the planned method has another scale or test."""
    words = "Effects are risk differences with intervals of the score test"
    if analysis.exact:
        return f"{words}; z is the normal quantile of the p-value of the planned exact test."
    return f"{words}, whose test of no effect is that of the planned {analysis.effect_scale}."


def _unbalanced(trial: Monitored) -> Iterator[str]:
    if trial.interim.participants is None:
        return
    control, treated = trial.interim.participants.T
    parts = np.asarray(trial.design.allocation) / sum(trial.design.allocation)
    share = control * treated / (control + treated) ** 2 / parts.prod()
    for k in np.flatnonzero(np.abs(share - 1) > _UNBALANCED):
        yield (
            f"Analysis {k + 1}: {control[k]} and {treated[k]} participants are not the planned "
            f"allocation; they carry {share[k]:.1%} of the information of that sample size."
        )


def _boundaries(trial: Monitored) -> Iterator[str]:
    plan, monitoring = trial.design.monitoring.plan(), trial.design.monitoring
    if plan.analyses > 1 or trial.status.boundaries.analyses > 1:
        if follows(monitoring):
            yield "Boundaries are recomputed at the observed information fractions."
        else:
            yield (
                f"Boundaries are fixed beforehand and valid for analyses within {TOLERANCE:g} of "
                "the planned information fraction."
            )
    if plan.has_futility and follows(monitoring):
        binds = "binding" if plan.binding else "non-binding: overruling them does not inflate alpha"
        yield (
            "Futility boundaries spend beta by information fraction, under the effect for which "
            f"the plan has its power; they are {binds}."
        )
    elif plan.has_futility:
        yield "Futility boundaries are those of the plan; they are not recomputed."


def _resized(trial: Monitored) -> Iterator[str]:
    at = trial.statistics.adapted
    if at is None:
        return
    yield (
        f"The sample size was re-estimated at analysis {at}. Participants before and after it "
        "are analysed separately and combined with the planned weights, whatever the new sample "
        "size; later analyses have their planned information fraction, and their repeated "
        "intervals invert the combination test."
    )
    yield from _off_plan(trial, at)
    stop = trial.status.stop
    if stop is not None and stop >= at:
        yield (
            "No median-unbiased estimate and no final interval: after re-estimation the stagewise "
            "ordering does not apply. The repeated interval is valid."
        )


def _off_plan(trial: Monitored, at: int) -> Iterator[str]:
    """Yield a remark for each analysis whose sample size differs from that of the re-estimation."""
    chosen = new_sizes(trial.design, trial.statistics.z)
    observed = trial.interim.participants
    if chosen is None or observed is None:
        return
    share = trial.statistics.planned / trial.design.participants
    for k in range(at, min(len(chosen), len(observed))):
        total, wanted = int(observed[k].sum()), float(chosen[k] * share)
        if abs(total - wanted) > TOLERANCE * float(chosen[-1] * share):
            yield (
                f"Analysis {k + 1} has {total} participants; {wanted:.0f} were chosen at analysis "
                f"{at}. The planned weights assume that the second stage keeps its proportions: "
                "alpha holds approximately; conditional power uses the participants observed."
            )


def _end(trial: Monitored) -> Iterator[str]:
    status, fraction = trial.status, trial.statistics.fraction
    if status.stop is None:
        return
    share = fraction[status.stop]
    if trial.asked.final and status.reason == "futility":
        yield "The trial ended at a futility boundary: the remaining alpha was not spent."
    elif status.last and share < 1 - 1e-9:
        how = "declared final" if trial.asked.final else "the last planned analysis"
        yield (
            f"Analysis {status.stop + 1} is the final analysis at information fraction "
            f"{share:.3f} ({how}) and spends all remaining alpha. This controls the type I error "
            "only if the data were not the reason to end the trial."
        )
    waits = trial.design.monitoring.decision_analysis is not None and not status.last
    if waits and status.overrunning is None:
        yield (
            "Participants are awaited whose endpoint is not yet known. Give one more row with all "
            "data, and --overrunning: the decision is that of the decision analysis."
        )
    elif waits:
        yield (
            "The decision is that of the decision analysis with the participants awaited, by its "
            "own critical value. The final inference by deletion of the stopping analysis "
            "(Whitehead 1992) is an approximation."
        )
    elif status.overrunning is not None:
        yield (
            "The decision is that of the analysis that stopped the trial; later data do not "
            "reverse it. The analysis with them deletes the stopping analysis (Whitehead 1992), an "
            "approximation that is conservative with much overrunning."
        )
    if status.stop == 0 and status.overrunning is None:
        return
    yield (
        "The naive analysis ignores the interim analyses: its estimate is biased away from no "
        "effect and its p-value is too small. The adjusted analysis orders outcomes by analysis, "
        "then by z."
    )


def _missing(trial: Monitored) -> Iterator[str]:
    """Yield the reasons for missing numbers."""
    design, statistics, status = trial.design, trial.statistics, trial.status
    plan, shape, running = design.monitoring.plan(), design.monitoring.shape(), status.stop != 0
    of_risks = not design.analysis.true_by_limit and not design.endpoint.is_time
    if running and statistics.scale != "risk difference" and not of_risks:
        yield f"The planned effect is unknown: no pair of risks has a {design.analysis.summary}."
    elif running and design.risks is None and trial.asked.risks is None:
        yield (
            "The planned effect is unknown because the design names a scenario. Give "
            "--control-risk and --treated-risk for conditional power."
        )
    if plan.binding:
        yield ("Repeated intervals presuppose that a crossed futility boundary stops the trial.")
        yield "No repeated p-value: the boundaries rely on stopping for futility."
    elif isinstance(shape, HaybittlePeto) or design.monitoring.efficacy.startswith("user"):
        yield "No repeated p-value: the boundaries are not defined for other values of alpha."
    if status.stop is not None and statistics.std_error[status.stop] <= 0:
        yield "No final inference: the counts of the last analysis have no variance."
