"""Bayesian trials of simulated participants: of a scenario, or with dropout and switching."""

from dataclasses import dataclass

import numpy as np

from estimate.bayesian.count_tables import JointPrior
from estimate.bayesian.decision_rules import DecisionRules
from estimate.bayesian.simulated_trials import SimulatedBehaviour, decisions_of_sizes
from estimate.core.arrays import Bools, Floats, Ints
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.conduct.event_rates import with_harm
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.recorded_data import Data
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.conduct.true_estimands import ideal

#: Number of participants in memory; results do not depend on it.
_AT_ONCE = 150_000


@dataclass(frozen=True, slots=True)
class ParticipantTrials:
    """Simulated trials at one share of the effect.

    Attributes
    ----------
    behaviour
        How they ended.
    risks
        (2, replicate) mean potential outcomes of their participants, control first, as the
        strategies of the endpoint define them.
    analysed
        (replicate,) participants analysed at the analysis that ended the trial.
    """

    behaviour: SimulatedBehaviour
    risks: Floats
    analysed: Ints


def simulate_participant_trials(
    design: BayesianDesign, prior: JointPrior, rules: DecisionRules,
    sizes: tuple[tuple[int, int], ...], share: float, replicates: int, seed: int,
) -> ParticipantTrials:  # fmt: skip
    """Simulate trials of participants; all shares of the effect use the same participants.

    Parameters
    ----------
    sizes
        Participants planned at each analysis, of the treated and of the control arm. Those who
        drop out or are excluded are not analysed.
    share
        Of the planned effect, from 0 (the limit of success) to 1; below 0, with fixed event rates
        only, in the other direction.
    """
    totals = [sum(size) for size in sizes]
    trial = design.as_trial()
    if share < 0:
        trial, share = with_harm(trial, share), 1.0
    scenario = scenario_of(trial)
    step = max(1, _AT_ONCE // totals[-1])
    counts, risks = [], []
    for first in range(0, replicates, step):
        count = min(step, replicates - first)
        drawn = draw_trials(trial, scenario, seed, totals[-1], count, first)
        data = observe(trial, drawn, share)
        counts.append(np.stack([_counts(data, total) for total in totals]))
        control, treated, among = ideal(trial, drawn.participants_, share)
        risks.append(np.stack([_mean(each, among) for each in (control, treated)]))
    return _ended(prior, rules, totals, np.concatenate(counts, -1), np.concatenate(risks, -1))


def _counts(data: Data, total: int) -> Ints:
    """Return (4, replicate) participants analysed and their events: treated, then control."""
    kept, arm, y = (each[:, :total] for each in (data.include, data.arm, data.outcome))
    found = [(kept * who).sum(1) for who in (arm, 1 - arm)]
    found += [(kept * who * y).sum(1) for who in (arm, 1 - arm)]
    return np.stack(found).astype(np.int64)


def _mean(outcome: Bools, among: Bools) -> Floats:
    return np.asarray((outcome & among).sum(-1) / np.maximum(among.sum(-1), 1))


def _ended(
    prior: JointPrior, rules: DecisionRules, totals: list[int], counts: Ints, risks: Floats
) -> ParticipantTrials:
    """Judge (analysis, 4, replicate) counts at each analysis until the trials end."""
    replicates, last = counts.shape[-1], len(totals) - 1
    analysis, outcome = np.zeros((2, replicates), np.int64)
    going = np.ones(replicates, bool)
    for k, found in enumerate(counts):
        here = found[:, going]
        code = decisions_of_sizes(prior, rules, here[:2], here[2:], k, last=k == last)
        analysis[going], outcome[going] = k, code - 1
        going[going] = code == 0
    behaviour = SimulatedBehaviour(analysis, outcome, np.array(totals)[analysis])
    analysed = counts[analysis, :2, np.arange(replicates)].sum(-1)
    return ParticipantTrials(behaviour, risks, analysed)
