"""Remarks on the interpretation of an ongoing trial of several arms."""

from collections.abc import Iterator

import numpy as np

from pretese.trial.monitoring.boundaries_observed import TOLERANCE
from pretese.trial.monitoring.interim_data import ACCESS
from pretese.trial.multi_arm.monitoring.arm_boundaries import CLOSED, MonitoredArms, spends
from pretese.trial.multi_arm.monitoring.later_analyses import risks_as_planned
from simulate.labels import label_of

#: Difference of the information fraction of a comparison that is reported.
_APART = 0.02

_PROCEDURES = {
    "closed dunnett": "Closed testing with Dunnett's test of every set of treatments",
    "dunnett": "Dunnett's single-step test",
    "holm": "Holm's procedure",
    "bonferroni": "Bonferroni's procedure",
    "fixed sequence": "Fixed sequence of treatments",
    "unadjusted": "Each treatment is tested at full alpha; the family-wise error is inflated",
    "combination": "Closed combination test of the participants of every stage",
}


def arm_remarks(trial: MonitoredArms) -> Iterator[str]:
    """Yield remarks on the interpretation of an ongoing trial."""
    yield ACCESS
    yield from _tests(trial)
    yield from _information(trial)
    yield from _dropping(trial)
    yield from _closed(trial)
    yield from _end(trial)
    yield from _future(trial)


def _tests(trial: MonitoredArms) -> Iterator[str]:
    design = trial.design
    procedure = design.testing.procedure
    boundary = (
        "the boundary of a treatment is that of the combined z, with the planned weights"
        if procedure == "combination"
        else "the boundary of a treatment depends on which other hypotheses are rejected"
    )
    if procedure in {"unadjusted", "bonferroni", "dunnett"} or len(design.treatments) == 1:
        yield f"{_PROCEDURES[procedure]}."
    else:
        yield f"{_PROCEDURES[procedure]}: {boundary}."
    if procedure in {"fixed sequence", "unadjusted"}:
        yield "Each interval has its coverage on its own, not together with the others."
    elif len(design.treatments) > 1:
        how = "Bonferroni" if procedure == "combination" else "the single-step boundary"
        yield (
            f"Intervals are repeated and simultaneous, by {how}; they can include no effect for "
            "a treatment that the procedure rejects."
        )
    if len(design.labels) > 1:
        others = ", ".join(map(label_of, design.labels[1:]))
        yield (
            f"Only the primary endpoint {label_of(design.endpoint.label)} is monitored; {others}: "
            "not monitored here. Boundaries leave room for them."
        )


def _information(trial: MonitoredArms) -> Iterator[str]:
    planned = trial.statistics.planned.sum()
    yield (
        "Information fraction: participants analysed in the arms that recruit, relative to those "
        f"planned ({planned:.6g} in all arms)."
    )
    if trial.statistics.scale.startswith("log "):
        ratio = trial.statistics.scale.removeprefix("log ")
        yield f"Estimates and standard errors are read as natural logarithms of {ratio}s."
    if len(trial.design.rates) > 1 and spends(trial.design):
        yield "Boundaries are recomputed at the observed information fractions."
    elif trial.design.combination() is None and len(trial.design.rates) > 1:
        yield (
            f"Boundaries are fixed beforehand and valid for analyses within {TOLERANCE:g} of the "
            "planned information fraction."
        )
    yield from _unequal(trial)


def _unequal(trial: MonitoredArms) -> Iterator[str]:
    """Yield comparisons whose information fraction differs from that of the analysis."""
    for k, row in enumerate(trial.analyses):
        for arm in np.flatnonzero(row.tested):
            own = own_fraction(trial, k, int(arm))
            fraction = row.observed.fractions[-1]
            if abs(own - fraction) > _APART and trial.design.combination() is None:
                yield (
                    f"Analysis {k + 1}: {trial.design.treatments[arm]} and the control have "
                    f"{own:.3f} of their participants, the trial {fraction:.3f}; boundaries use "
                    "the latter and assume the planned allocation."
                )


def own_fraction(trial: MonitoredArms, analysis: int, treatment: int) -> float:
    """Return the part of the participants of a treatment and the control that is analysed."""
    both = [0, treatment + 1]
    seen = trial.data.participants[analysis, both].sum()
    return float(seen / trial.statistics.planned[both].sum())


def _dropping(trial: MonitoredArms) -> Iterator[str]:
    rule = trial.design.dropping
    if not (rule.futility_z or rule.keep_best or rule.within_z is not None):
        return
    yield (
        "Rules for dropping treatments are non-binding: boundaries do not rely on them, and "
        "overruling them does not inflate alpha. A treatment that was continued is named by "
        "--continued."
    )


def _closed(trial: MonitoredArms) -> Iterator[str]:
    for arm in np.flatnonzero(trial.reason == CLOSED):
        name, end = trial.design.treatments[arm], trial.ended_at[arm] + 1
        yield (
            f"{name} has no more participants after analysis {end}, although no rule drops it: "
            "it is read as closed. This controls the type I error, whatever the reason."
        )


def _end(trial: MonitoredArms) -> Iterator[str]:
    row = trial.analyses[-1]
    share = row.observed.fractions[-1]
    if row.observed.last and share < 1 - 1e-9:
        how = "declared final" if trial.asked.final else "the last planned analysis"
        yield (
            f"Analysis {len(trial.analyses)} is the final analysis at information fraction "
            f"{share:.3f} ({how}) and spends all remaining alpha. This controls the type I error "
            "only if the data were not the reason to end the trial."
        )
    if trial.reason.any():
        yield (
            "Naive intervals and p-values of treatments that ended ignore the interim analyses "
            "and the other treatments; estimates of treatments that stopped early are biased."
        )
    if trial.asked.overrunning:
        yield (
            "Data that arrived after a treatment had ended do not change its decision. They are "
            "compared with the control only where both ended together."
        )


def _future(trial: MonitoredArms) -> Iterator[str]:
    if trial.stop is not None and len(trial.analyses) == 1:
        return
    yield (
        "Conditional power is the probability that the procedure rejects a treatment later, with "
        "the other treatments and the rules for dropping as planned."
    )
    if risks_as_planned(trial) is None:
        yield (
            "The planned effects are unknown because the design names a scenario. Give --arm-risk "
            "for every arm for conditional power."
        )
