"""Priors and rules of a Bayesian design, as the computations take them."""

from dataclasses import dataclass

import numpy as np

from estimate.bayesian.arm_priors import ArmPriors
from estimate.bayesian.beta_mixture import BetaMixture
from estimate.bayesian.control_history import RiskHistory, risk_history
from estimate.bayesian.count_tables import EffectThreshold, JointPrior
from estimate.bayesian.decision_rules import DecisionRules, PosteriorRule
from estimate.bayesian.relative_prior import RelativePrior, check_effect_prior
from estimate.core.arrays import Floats
from estimate.core.numeric.normal_mixture import NormalMixture
from pretese.literature.library import evidence_topics, read_evidence
from pretese.literature.prior_source import prior_source
from pretese.trial.bayesian.design.design_file import BayesianDesign
from pretese.trial.bayesian.design.prior_fields import RelativeEffectPrior, RiskPrior
from pretese.trial.bayesian.design.rule_fields import EffectLimit
from protocol.errors import InputError

#: A risk about which nothing is known.
UNIFORM = BetaMixture.of([1.0], [1.0], [1.0])

#: Beta distributions that stand for the predictive prior of earlier studies.
COMPONENTS = 3


@dataclass(frozen=True, slots=True)
class StatedRiskPrior:
    """A prior of a risk: the mixture, and where it comes from.

    Attributes
    ----------
    robust
        Whether the last component is the uniform one that was mixed in.
    history, studies
        What earlier studies predict, and their names; None and empty for a mixture of the file.
    """

    mixture: BetaMixture
    robust: bool = False
    history: RiskHistory | None = None
    studies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BayesianParts:
    """Everything that a Bayesian design computes with.

    Attributes
    ----------
    prior, design_prior
        Of the analysis, and the one over which the design is averaged; None: the same.
    rules
        With a probability of success of 0 where it is still to be calibrated.
    """

    control: StatedRiskPrior
    treated: StatedRiskPrior | None
    effect: NormalMixture | None
    prior: JointPrior
    rules: DecisionRules
    design_prior: RelativePrior | None

    def without_borrowing(self) -> JointPrior:
        """Return the prior with a uniform control risk."""
        if isinstance(self.prior, ArmPriors):
            return ArmPriors(UNIFORM, self.prior.treated)
        if isinstance(self.prior, RelativePrior):
            return RelativePrior(UNIFORM, self.prior.effect, self.prior.scale)
        raise TypeError(f"{type(self.prior)} has no control prior")  # there are no other kinds


def bayesian_parts(design: BayesianDesign) -> BayesianParts:
    """Return priors and rules of a design.

    Raises
    ------
    InputError
        Evidence or a prior file is missing or has no counts, or a prior is too narrow.
    """
    section = design.bayes
    control = _risk_prior(design.id, "control", section.control)
    treated = None
    effect: NormalMixture | None = None
    prior: JointPrior
    if section.effect is None:
        treated = _risk_prior(design.id, "treated", section.treated)
        prior = ArmPriors(control.mixture, treated.mixture)
    else:
        relative = relative_prior(control.mixture, section.effect)
        effect, prior = relative.effect, relative
    truth = None
    if section.design_prior is not None:
        believed = _risk_prior(design.id, "design_prior.control", section.design_prior.control)
        truth = relative_prior(believed.mixture, section.design_prior.effect)
    return BayesianParts(control, treated, effect, prior, _rules(design), truth)


def relative_prior(control: BetaMixture, stated: RelativeEffectPrior) -> RelativePrior:
    """Return a prior of the control risk and the effect."""
    if stated.source is not None:
        effect = prior_source(stated.source).prior.mixture()
        effect = _without_traces(effect)
        check_effect_prior(effect)
        return RelativePrior(control, effect, "odds ratio")
    if stated.log_odds:
        effect = NormalMixture.of(
            [each.weight_percent / 100 for each in stated.log_odds],
            [each.mean_log_odds for each in stated.log_odds],
            [each.sd_log_odds for each in stated.log_odds],
        )
        check_effect_prior(effect)
        return RelativePrior(control, effect, "odds ratio")
    parts = stated.risk_difference
    effect = NormalMixture.of(
        [each.weight_percent / 100 for each in parts],
        [each.mean_percent / 100 for each in parts],
        [each.sd_percent / 100 for each in parts],
    )
    check_effect_prior(effect)
    return RelativePrior(control, effect, "risk difference")


def _without_traces(effect: NormalMixture) -> NormalMixture:
    """Return a mixture without components that together weigh less than a millionth."""
    order = np.argsort(effect.weight)
    kept = np.ones(order.size, bool)
    kept[order[effect.weight[order].cumsum() < 1e-6]] = False
    weight = effect.weight[kept] / effect.weight[kept].sum()
    return NormalMixture(weight, effect.mean_of[kept], effect.sd_of[kept])


def _risk_prior(where: str, field: str, stated: RiskPrior | None) -> StatedRiskPrior:
    if stated is None:
        return StatedRiskPrior(UNIFORM)
    if stated.mixture:
        parts = stated.mixture
        return StatedRiskPrior(BetaMixture.of(
            [each.weight_percent / 100 for each in parts], [each.alpha for each in parts],
            [each.beta for each in parts],
        ))  # fmt: skip
    names, events, participants = _studies(where, field, stated)
    found = risk_history(
        events, participants, tau_scale=stated.between_study_sd_log_odds, components=COMPONENTS
    )
    mixture = found.mixture
    robust = stated.robust_percent > 0
    if robust:
        mixture = mixture.mixed_with(UNIFORM, stated.robust_percent / 100)
    return StatedRiskPrior(mixture, robust, found, names)


def _studies(
    where: str, field: str, stated: RiskPrior
) -> tuple[tuple[str, ...], list[int], list[int]]:
    """Return names, events and participants of the control arms of earlier studies."""
    if stated.history is None:
        names = tuple(f"study {k + 1}" for k in range(len(stated.studies)))
        counts = [(each.events, each.participants) for each in stated.studies]
        return names, [c[0] for c in counts], [c[1] for c in counts]
    found = [
        (each.study.name, comparison.control)
        for each in read_evidence([stated.history])
        for comparison in each.study.comparisons
        if comparison.endpoint == stated.endpoint and comparison.control is not None
    ]
    if not found:
        problem = f"{stated.history} has no control arm with counts of {stated.endpoint}"
        cure = f"name another endpoint, or one of {', '.join(evidence_topics())}"
        raise InputError.of(where, f"bayes.{field}.history", problem, cure)
    return (
        tuple(name for name, _ in found),
        [counts.events for _, counts in found],
        [counts.patients for _, counts in found],
    )


def threshold_of(limit: EffectLimit) -> EffectThreshold:
    """Return a limit of the effect; no difference by default."""
    if limit.odds_ratio is not None:
        return EffectThreshold("odds ratio", float(np.log(limit.odds_ratio)))
    return EffectThreshold("risk difference", (limit.risk_difference_percent or 0.0) / 100)


def limit_words(threshold: EffectThreshold) -> str:
    """Return a limit of the effect in words.

    >>> limit_words(EffectThreshold("risk difference", 0.05))
    'risk difference 5 points'
    """
    if threshold.scale == "odds ratio":
        return f"odds ratio {np.exp(threshold.value):.6g}"
    return f"risk difference {100 * threshold.value:.6g} points"


def _rules(design: BayesianDesign) -> DecisionRules:
    section = design.bayes
    count = len(section.analyses_percent)
    success = section.success.probability_percent or (0.0,)
    harm, futility, predictive = None, None, None
    if section.harm is not None:
        values = _each(section.harm.probability_percent, count)
        harm = PosteriorRule(threshold_of(section.harm), values)
    if section.futility is not None:
        stated = section.futility
        if stated.probability_percent:
            values = _each(stated.probability_percent, count - 1)
            futility = PosteriorRule(threshold_of(stated), values)
        if stated.predictive_percent:
            predictive = _each(stated.predictive_percent, count - 1)
    return DecisionRules(
        PosteriorRule(threshold_of(section.success), _each(success, count)), harm, futility,
        predictive,
    )  # fmt: skip


def _each(percent: tuple[float, ...], count: int) -> tuple[float, ...]:
    """Return a probability for each analysis, as fractions."""
    values = percent * count if len(percent) == 1 else percent
    return tuple(each / 100 for each in values)


def treated_risk_at(
    design: BayesianDesign, control: Floats, share: float, threshold: EffectThreshold
) -> Floats:
    """Return the risk under treatment at control risks, for a share of the planned effect.

    The effect counts from the limit of success: 0 is the limit, 1 the planned effect on the scale
    of the limit, which stays the same as the control risk moves.
    """
    base, therapy = design.planned_risks
    planned = threshold.effect(np.array(therapy), np.array(base))
    value = threshold.value + share * (float(planned) - threshold.value)
    if threshold.scale == "risk difference":
        return np.asarray(control + value)
    odds = control / (1 - control) * np.exp(value)
    return np.asarray(odds / (1 + odds))
