"""Meta-analysis of one effect per study: studies included, and studies excluded with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from estimate.core.arrays import Floats
from estimate.core.result import Z95
from estimate.meta_analysis.between_study_variance import TauMethod
from estimate.meta_analysis.pooling import MetaAnalysis, PoolingTest, pool_effects
from estimate.meta_analysis.small_study_effects import (
    FunnelAsymmetry,
    bias_adjusted,
    egger_test,
    leave_one_out,
)
from estimate.meta_analysis.study_effects import (
    EffectScale,
    StudyEffects,
    effects_from_counts,
    effects_from_intervals,
)
from pretese.literature.bias_assumptions import BiasFile, StudyBias
from pretese.literature.library import Published
from pretese.literature.study import StudyComparison
from protocol.errors import InputError

#: Result that is used of a study with several: adjusted for confounding, or from counts.
Preference = Literal["adjusted", "unadjusted"]

#: Designs that hold primary data; a meta-analysis would count its studies twice.
PRIMARY = ("randomised trial", "cohort")

#: Studies below which Egger's test has little power (Sterne JAC et al. BMJ 2011;343:d4002).
FEW_STUDIES = 10


@dataclass(frozen=True, slots=True)
class StudyRow:
    """An included study: its effect as printed, and its source.

    ``bias_shift`` and ``bias_sd`` are the assumed bias that was removed, the logarithm for ratios.
    """

    name: str
    citation: str
    source: str
    estimate: float
    conf_low: float
    conf_high: float
    weight_percent: float
    without_it: float
    bias_shift: float
    bias_sd: float


@dataclass(frozen=True)
class PooledEvidence:
    """A meta-analysis of published studies.

    A prior is made from a hundred of them, which need no table of studies: it is computed once it
    is read.

    Attributes
    ----------
    chosen
        The studies included, in the order of their effects: study, comparison, effect as published.
    removed
        The assumed bias that was removed from each.
    excluded
        Names of studies that were excluded, with the reason.
    effects, fit
        Effects of the studies and the model; ratios on the log scale.
    """

    endpoint: str
    scale: EffectScale
    preference: Preference
    chosen: tuple["Chosen", ...]
    removed: tuple[StudyBias, ...]
    excluded: tuple[tuple[str, str], ...]
    effects: StudyEffects
    fit: MetaAnalysis

    @property
    def published(self) -> tuple[Published, ...]:
        """The studies included, in the order of ``rows``."""
        return tuple(each for each, _, _ in self.chosen)

    @cached_property
    def rows(self) -> tuple[StudyRow, ...]:
        """The studies included, in the order of their effects."""
        return _rows(self.chosen, self.effects, self.fit, self.removed)

    @cached_property
    def asymmetry(self) -> FunnelAsymmetry | None:
        """Egger's test, None with fewer than three studies."""
        return egger_test(self.effects) if len(self.chosen) > 2 else None

    def shown(self, value: float) -> float:
        """Return an effect on the scale that is printed: a ratio, or a risk difference."""
        return float(value) if self.scale == "risk difference" else float(np.exp(value))


def pool_studies(
    found: Sequence[Published],
    *,
    endpoint: str = "sperm retrieved",
    scale: EffectScale = "odds ratio",
    preference: Preference = "adjusted",
    method: TauMethod = "REML",
    test: PoolingTest = "knapp-hartung",
    bias_shift: float = 0.0,
    bias_sd: float = 0.0,
    bias: BiasFile | None = None,
) -> PooledEvidence:
    """Pool the effects of studies on one endpoint.

    Parameters
    ----------
    found
        Studies; meta-analyses, reviews and studies without a control are excluded by name.
    preference
        Result that is used of a study with several: adjusted for confounding, or from counts.
    bias_shift, bias_sd
        Assumed bias of every study that is not randomised, on the scale of the effects (the
        logarithm for ratios), and its standard deviation; both are assumptions.
    bias
        Assumed bias by judgement of risk of bias, added to it for every study.

    Raises
    ------
    InputError
        No study gives the endpoint on the scale.
    """
    chosen, excluded = _choose(found, endpoint, scale, preference)
    if not chosen:
        reasons = "; ".join(f"{name}: {why}" for name, why in excluded[:6])
        problem = f"no study gives {endpoint} as a comparison on the {scale} ({reasons})"
        raise InputError.of("evidence", "endpoint", problem, "choose other studies or a scale")
    order = np.argsort([effects.effect[0] for _, _, effects in chosen], kind="stable")
    chosen = [chosen[i] for i in order]
    effects = StudyEffects(
        scale,
        np.array([each.effect[0] for _, _, each in chosen]),
        np.array([each.variance[0] for _, _, each in chosen]),
    )
    removed = [_bias_of(each, bias, bias_shift, bias_sd) for each, _, _ in chosen]
    effects = bias_adjusted(
        effects, np.array([e.shift for e in removed]), np.array([e.sd**2 for e in removed])
    )
    fit = pool_effects(effects, method, test if len(chosen) > 1 else "normal")
    return PooledEvidence(
        endpoint=endpoint,
        scale=scale,
        preference=preference,
        chosen=tuple(chosen),
        removed=tuple(removed),
        excluded=tuple(excluded),
        effects=effects,
        fit=fit,
    )


Chosen = tuple[Published, StudyComparison, StudyEffects]


def _choose(
    found: Sequence[Published], endpoint: str, scale: EffectScale, preference: Preference
) -> tuple[list[Chosen], list[tuple[str, str]]]:
    chosen: list[Chosen] = []
    excluded: list[tuple[str, str]] = []
    for each in found:
        name = each.study.name
        eligible = [c for c in each.study.comparisons if c.endpoint == endpoint]
        if each.study.design not in PRIMARY:
            excluded.append((name, f"{each.study.design}: no primary comparison"))
        elif not eligible:
            excluded.append((name, f"no comparison of {endpoint} was read"))
        elif (best := _best(eligible, scale, preference)) is None:
            excluded.append((name, f"its result is not on the {scale}, or has no interval"))
        else:
            chosen.append((each, best, _effect_of(best, scale)))
    return chosen, excluded


def _best(
    eligible: Sequence[StudyComparison], scale: EffectScale, preference: Preference
) -> StudyComparison | None:
    """Return the result that is preferred among those on the scale; the first of equals."""
    fitting = [c for c in eligible if c.therapy is not None or (c.scale == scale and c.interval)]
    adjusted = [c for c in fitting if c.therapy is None]
    counts = [c for c in fitting if c.therapy is not None]
    order = adjusted + counts if preference == "adjusted" else counts + adjusted
    return order[0] if order else None


def _effect_of(comparison: StudyComparison, scale: EffectScale) -> StudyEffects:
    if comparison.therapy is not None and comparison.control is not None:
        first, second = comparison.therapy, comparison.control
        return effects_from_counts(
            first.events, first.patients, second.events, second.patients, scale
        )
    if comparison.estimate is None or comparison.interval is None:
        raise AssertionError("_best receives only estimates with intervals")
    low, high = comparison.interval
    return effects_from_intervals([comparison.estimate], [low], [high], scale)


def _bias_of(each: Published, bias: BiasFile | None, shift: float, sd: float) -> StudyBias:
    """Return the assumed bias of a study: of its design, and of its judgements."""
    judged = StudyBias() if bias is None else bias.bias_of(each.study)
    if each.study.design == "randomised trial":
        return judged
    return StudyBias(shift + judged.shift, float(np.hypot(sd, judged.sd)))


def _rows(
    chosen: Sequence[Chosen],
    effects: StudyEffects,
    fit: MetaAnalysis,
    removed: Sequence[StudyBias],
) -> tuple[StudyRow, ...]:
    weight = 1 / (effects.variance + fit.tau2)
    half = Z95 * np.sqrt(effects.variance)
    parts = (effects.effect, effects.effect - half, effects.effect + half)
    shown = parts if effects.scale == "risk difference" else tuple(np.exp(e) for e in parts)
    without = _pooled_without_each(effects, fit)
    return tuple(
        StudyRow(
            name=each.study.name,
            citation=each.study.citation,
            source=_source(comparison),
            estimate=float(shown[0][i]),
            conf_low=float(shown[1][i]),
            conf_high=float(shown[2][i]),
            weight_percent=float(100 * weight[i] / weight.sum()),
            without_it=float(without[i]),
            bias_shift=removed[i].shift,
            bias_sd=removed[i].sd,
        )
        for i, (each, comparison, _) in enumerate(chosen)
    )


def _pooled_without_each(effects: StudyEffects, fit: MetaAnalysis) -> Floats:
    if len(effects) < 2:
        return np.full(1, np.nan)
    pooled = np.array([f.coefficient[0] for f in leave_one_out(effects, fit.method)])
    return pooled if effects.scale == "risk difference" else np.exp(pooled)


def _source(comparison: StudyComparison) -> str:
    if comparison.therapy is not None and comparison.control is not None:
        first, second = comparison.therapy, comparison.control
        return f"{first.events}/{first.patients} against {second.events}/{second.patients}"
    return comparison.adjusted_for or "as printed"
