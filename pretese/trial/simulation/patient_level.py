"""Simulate trials at patient level, at several sample sizes and effects.

Sizes and effects use the same participants: a smaller trial is the first part of a larger one.
Curves are therefore smooth, comparisons are paired, and a curve over sizes takes little more time
than its largest trial.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from estimate.core.arrays import Bools, Floats, Ints
from pretese.trial.conduct.event_rates import with_harm
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.strata import factor_imbalance, strata_of
from pretese.trial.conduct.subgroups import subgroup_counts, subgroup_risks
from pretese.trial.conduct.trial_conduct import Trials, draw_trials
from pretese.trial.conduct.true_estimands import truths
from pretese.trial.design.design_file import DesignFile
from pretese.trial.simulation.conditional_effect import given_truths
from pretese.trial.simulation.control_variate import unadjusted_rejections
from pretese.trial.simulation.interim_analyses import Analyses, DecisionEnd
from pretese.trial.simulation.multiple_endpoints import (
    analyse_endpoints,
    at_analysis,
    end_of,
    observe_all,
    several,
    with_exchanged_sizes,
)
from pretese.trial.simulation.reestimation import largest
from pretese.trial.simulation.stopped_estimates import final_estimates
from pretese.trial.simulation.trial_results import Outcomes, Point, Results
from simulate.scenario import Scenario

#: Fields of an estimate on the scale of the method: logarithms for ratios.
_ON_SCALE = ("estimate", "conf_low", "conf_high")


def run_block(
    design: DesignFile,
    scenario: Scenario | None,
    seed: int,
    points: Sequence[Point],
    first: int,
    size: int,
) -> Results:
    """Simulate replicates ``first .. first + size - 1`` at every point."""
    most = max(largest(design, participants) for participants, _ in points)
    trials = draw_trials(design, scenario, seed, most, size, first)
    sizes = sorted({participants for participants, _ in points}) if design.secondary else []
    null = observe_all(design, trials, 0.0) if sizes else []
    block = _Block(
        design=design,
        scenario=scenario,
        seed=seed,
        trials=trials,
        guesses=_guesses(design, trials),
        null=null,
        without={each: analyse_endpoints(null, each) for each in sizes},
    )
    found: Results = {}
    for effect in sorted({effect for _, effect in points}):
        chosen = sorted({participants for participants, e in points if e == effect})
        if effect < 0:  # the same streams, with risks changed against the planned direction
            against, whole = with_harm(design, effect), [(each, 1.0) for each in chosen]
            harm = run_block(against, scenario, seed, whole, first, size)
            found |= {(each, effect): harm[each, 1.0] for each in chosen}
        else:
            found |= block.outcomes(effect, chosen)
    return found


@dataclass(frozen=True, slots=True)
class _Block:
    """Trials of a block with all values common to their sizes and effects.

    ``guesses`` holds the correct-guess rates after each participant, by name; ``null`` the data
    without an effect and ``without`` their analyses at each size, for several endpoints.
    """

    design: DesignFile
    scenario: Scenario | None
    seed: int
    trials: Trials
    guesses: dict[str, Floats]
    null: Sequence[Data]
    without: Mapping[int, Sequence[Analyses]]

    def outcomes(self, effect: float, sizes: Sequence[int]) -> Results:
        """Return the trials of several sizes, all with one effect."""
        data = observe_all(self.design, self.trials, effect)
        return {(each, effect): self._of_size(data, each, effect) for each in sizes}

    def _of_size(self, data: Sequence[Data], participants: int, effect: float) -> Outcomes:
        analyses = analyse_endpoints(data, participants)
        guesses = {name: each[:, participants - 1] for name, each in self.guesses.items()}
        final = conduct(self.design, self.trials, participants, effect, analyses, guesses)
        beside = self._beside(data, participants, effect, analyses)
        if self.design.subgroups is not None:
            ends = participants_at_end(analyses[0], final)
            beside |= self._subgroups(data[0], participants, effect, ends)
        return replace(final, **beside)

    def _subgroups(
        self, data: Data, participants: int, effect: float, ends: Ints
    ) -> dict[str, Floats]:
        """Return the counts of subgroups in the participants of the last analysis."""
        design = self.design
        null = data if effect == 0 else observe(design, self.trials, 0.0)
        return {
            "subgroup_counts": subgroup_counts(design, data.cut(ends)),
            "subgroup_counts_without": subgroup_counts(design, null.cut(ends)),
            "subgroup_risks": subgroup_risks(design, self.trials, participants, effect),
        }

    def _beside(
        self, data: Sequence[Data], participants: int, effect: float, analyses: Sequence[Analyses]
    ) -> dict[str, Any]:
        """Return the results for several endpoints, conditional effects and a control variate."""
        arrays: dict[str, Any] = {}
        control = unadjusted_rejections(data[0], participants)
        if control is not None:
            arrays["unadjusted_rejection"] = control
        if self.without:
            null = self.without[participants]
            arrays |= several(self.design, self.trials, participants, effect, analyses, null)
            if self.design.monitoring.reestimation is not None:
                arrays |= with_exchanged_sizes(data, self.null, participants, analyses, null)
        given = given_truths(self.design, self.scenario, self.seed, effect, participants)
        if given is not None:
            true, error = (np.tile(each, (len(self.trials.arm), 1)) for each in given)
            arrays |= {"given_truth": true, "given_truth_mcse": error}
        return arrays


def participants_at_end(primary: Analyses, final: Outcomes) -> Ints:
    """Return (replicate,) the participants of the last analysis of each trial."""
    if primary.decision is not None:
        return primary.decision.participants
    which = final.analysis.astype(np.int64)[:, None] - 1
    return np.asarray(np.take_along_axis(primary.participants, which, -1)[:, 0])


def conduct(
    design: DesignFile,
    trials: Trials,
    participants: int,
    effect: float,
    analyses: Sequence[Analyses],
    guesses: dict[str, Floats],
) -> Outcomes:
    """Return trials planned for ``participants`` at the analysis at which they stop."""
    ends, primary = end_of(design, analyses), analyses[0]
    at = np.take_along_axis(primary.participants, ends.analysis[:, None] - 1, -1)
    answers, which = primary.answers, ends.analysis
    decision = primary.decision
    if decision is not None:  # the last analysis, whichever it is, has all participants awaited
        at, answers, which = decision.participants[:, None], (decision.answer,), np.ones_like(which)
    numbers = {name: at_analysis(answers, name, which) for name in _ON_SCALE}
    month = np.take_along_axis(trials.arrival_months, at - 1, 1) + design.endpoint_month
    full = _final_size(design, participants, primary.participants[:, -1], ends.analysis)
    here = (trials.arrival_months <= month) & _called(design, trials, participants, full)
    if decision is not None:  # recruitment has stopped when the endpoints awaited are known
        here &= np.arange(trials.arm.shape[1]) < decision.participants[:, None]
    control, treated, target = truths(design, trials.participants_, participants, effect)
    return Outcomes(
        analysis=ends.analysis.astype(float),
        rejected=ends.rejected.astype(float),
        z=ends.z,
        **numbers,
        **final_estimates(design, ends.analysis, ends.z, **numbers),
        std_error=at_analysis(answers, "std_error", which, log=False),
        p_value=at_analysis(answers, "p_value", which, log=False),
        final_size=full,
        analysed=at_analysis(answers, "n", which, log=False),
        recruited=here.sum(1).astype(float),
        n_experimental=(here & (trials.arm == 1)).sum(1).astype(float),
        months=month[:, 0],
        risk_control=control,
        risk_treated=treated,
        target=target,
        **guesses,
        imbalance=imbalance_at_end(trials.arm[:, :participants], design.allocation),
        **_decided(decision),
        factor_imbalance=factor_imbalance(design, trials, trials.arm, participants),
    )


def _decided(decision: DecisionEnd | None) -> dict[str, Floats]:
    """Return the arrays of trials with decision analyses."""
    if decision is None:
        return {}
    names = ("crossed", "interim_z", "awaited")
    return {name: getattr(decision, name).astype(float) for name in names}


def _final_size(design: DesignFile, participants: int, sizes: Ints, analysis: Ints) -> Floats:
    """Return the final sample size, which is the planned one if a trial stopped before."""
    rule = design.monitoring.reestimation
    return np.where(analysis > (rule.at_analysis if rule else 0), sizes, participants).astype(float)


def _called(design: DesignFile, trials: Trials, participants: int, full: Floats) -> Bools:
    """Return (replicate, participant) whether a participant is recruited, up to the sample size.

    Participants recruited while endpoints for the re-estimation are awaited are included, even if
    the trial then becomes smaller.
    """
    number, rule = np.arange(trials.arm.shape[1]), design.monitoring.reestimation
    called: Bools = number < full[:, None]
    if rule is None:
        return called
    last = design.analyses_at(participants)[rule.at_analysis - 1] - 1
    due = trials.arrival_months[:, [last]] + design.endpoint_month
    return called | ((number < participants) & (trials.arrival_months <= due))


def _guesses(design: DesignFile, trials: Trials) -> dict[str, Floats]:
    """Return (replicate, participant) correct-guess rates, by their name in `Outcomes`."""
    arm, allocation = trials.arm, design.allocation
    found = {
        "correct_guess_rate": correct_guesses(arm, allocation),
        "site_guess_rate": guesses_within(arm, trials.site, allocation),
    }
    if design.randomisation.by:
        stratum = strata_of(design, design.randomisation.by, trials)[0]
        found["stratum_guess_rate"] = guesses_within(arm, stratum, allocation)
    return found


def correct_guesses(arm: Ints, allocation: tuple[int, int]) -> Floats:
    """Return (replicate, participant) correct-guess rates up to each participant.

    The observer sees all sites. At the last participant it is
    `predictability.convergence_guess`, in a quarter of its time.
    """
    step = _steps(arm, allocation)
    lead = np.cumsum(step, axis=1) - step
    return _rates(_right(arm, lead, allocation))


def guesses_within(arm: Ints, group: Ints, allocation: tuple[int, int]) -> Floats:
    """Return (replicate, participant) correct-guess rates of observers who see one group each."""
    # sorted by group, the lead in a group is that of all before less that at the group's start
    order = np.argsort(group.astype(np.int32), axis=1, kind="stable")
    sorted_arm, place = (np.take_along_axis(each, order, 1) for each in (arm, group))
    step = _steps(sorted_arm, allocation)
    before = np.cumsum(step, axis=1) - step
    starts = np.ones(place.shape, bool)
    starts[:, 1:] = place[:, 1:] != place[:, :-1]
    first = np.maximum.accumulate(np.where(starts, np.arange(place.shape[1]), 0), axis=1)
    lead = before - np.take_along_axis(before, first, 1)
    right = np.empty(arm.shape)
    np.put_along_axis(right, order, _right(sorted_arm, lead, allocation), 1)
    return _rates(right)


def _steps(arm: Ints, allocation: tuple[int, int]) -> Floats:
    return np.where(arm == 1, 1 / allocation[1], -1 / allocation[0])


def _right(arm: Ints, lead: Floats, allocation: tuple[int, int]) -> Floats:
    """Return the probability of guessing the smaller arm, or by the allocation at a tie."""
    parts = np.asarray(allocation, float)
    own = (parts / parts.sum())[arm]
    return np.asarray(np.where(np.abs(lead) < 1e-9, own, (lead < 0) == (arm == 1)), float)


def _rates(right: Floats) -> Floats:
    return np.asarray(np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1))


def imbalance_at_end(arm: Ints, allocation: tuple[int, int]) -> Floats:
    """Return (replicate,) the final imbalance, as `predictability.imbalance` computes it."""
    treated = arm.sum(1)
    lead = treated / allocation[1] - (arm.shape[1] - treated) / allocation[0]
    return np.asarray(np.ceil(np.abs(lead) - 1e-9) + 0.0)  # no minus 0
