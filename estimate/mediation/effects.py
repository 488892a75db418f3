"""Effects of a mediation analysis, their estimands, and summaries of draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from estimate.core.arrays import Bools, Floats, Ints
from estimate.core.estimand import Estimand
from estimate.core.result import Estimate, assemble

Method = Literal["quasi-Bayes", "bootstrap"]

#: Effects in the order of `effects_of`. "acme": average causal mediated (indirect) effect, "ade":
#: average direct effect; "_0" with the other factor as in the unexposed, "_1" as in the exposed,
#: without suffix their mean; "proportion": acme / total; "indirect_ratio": risk ratio of "acme_1".
EFFECTS = (
    "acme_0",
    "acme_1",
    "ade_0",
    "ade_1",
    "total",
    "proportion_0",
    "proportion_1",
    "acme",
    "ade",
    "proportion",
    "indirect_ratio",
)

#: Null value of each effect.
NOTHING = {"indirect_ratio": 1.0}


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect and its distribution over draws; numbers are (...).

    ``plug_in`` is the value at the estimated coefficients; mean, median, SD and the 2.5 % and
    97.5 % percentiles are over draws. ``p_value`` is twice the smaller share of draws on one side
    of no effect, and ``p_error`` its Monte Carlo standard error.
    """

    plug_in: Floats
    mean: Floats
    median: Floats
    std_error: Floats
    conf_low: Floats
    conf_high: Floats
    p_value: Floats
    p_error: Floats


@dataclass(frozen=True, slots=True)
class Mediation:
    """All effects of one mediation analysis, and its estimand.

    ``draws`` are those used for the intervals, (...); a draw without a finite fit is not used.
    """

    exposure: str
    mediator: str
    outcome: str
    method: Method
    effects: Mapping[str, Effect]
    draws: Ints
    n: Ints
    converged: Bools

    @property
    def reading(self) -> str:
        """Return the interpretation in words."""
        return (
            f"how much of the effect of {self.exposure} on {self.outcome} runs through "
            f"{self.mediator}, that is through {self.mediator} differing by {self.exposure}; "
            f"not whether {self.mediator} works better in some"
        )

    def estimates(self) -> tuple[Estimate, ...]:
        """Return indirect, direct and total effect as risk differences: means over the draws."""
        kinds = {
            "acme": f"average indirect effect through {self.mediator}",
            "ade": f"average direct effect not through {self.mediator}",
            "total": "total effect",
        }
        return tuple(self._estimate(name, summary) for name, summary in kinds.items())

    def indirect_ratio(self) -> Estimate:
        """Return the indirect effect in the exposed as a risk ratio (log error: SD / mean)."""
        effect = self.effects["indirect_ratio"]
        summary = f"risk ratio through {self.mediator}, in the exposed"
        question = Estimand("all patients", f"{self.exposure} 1 vs 0", self.outcome, summary)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = effect.std_error / effect.mean
            logs = [np.log(v) for v in (effect.mean, effect.conf_low, effect.conf_high)]
            z = logs[0] / error
        return assemble(
            question,
            f"mediation, {self.method}",
            "risk ratio",
            value=logs[0],
            std_error=error,
            statistic=z,
            p_value=effect.p_value,
            low=logs[1],
            high=logs[2],
            n=self.n,
            interval=f"percentile, {self.method}",
            converged=self.converged,
            test=f"share of {self.method} draws",
        )

    def _estimate(self, name: str, summary: str) -> Estimate:
        effect = self.effects[name]
        question = Estimand("all patients", f"{self.exposure} 1 vs 0", self.outcome, summary)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = effect.mean / effect.std_error
        return assemble(
            question,
            f"mediation, {self.method}",
            "risk difference",
            value=effect.mean,
            std_error=effect.std_error,
            statistic=z,
            p_value=effect.p_value,
            low=effect.conf_low,
            high=effect.conf_high,
            n=self.n,
            interval=f"percentile, {self.method}",
            converged=self.converged,
            test=f"share of {self.method} draws",
        )


def effects_of(risks: ArrayLike) -> Floats:
    """Turn risks (..., 2, 2) into effects (..., effect), ordered as `EFFECTS`.

    ``risks[a, b]`` is the risk if everyone had exposure a, and the mediator of exposure b.

    Examples
    --------
    >>> effects = effects_of([[0.20, 0.22], [0.30, 0.33]])
    >>> dict(zip(EFFECTS, effects.round(3).tolist()))["acme"]
    0.025
    """
    risks = np.asarray(risks, float)
    r00, r01, r10, r11 = np.moveaxis(risks.reshape(*risks.shape[:-2], 4), -1, 0)
    acme = r01 - r00, r11 - r10
    ade = r10 - r00, r11 - r01
    total = r11 - r00
    with np.errstate(divide="ignore", invalid="ignore"):
        share = acme[0] / total, acme[1] / total
        means = [(pair[0] + pair[1]) / 2 for pair in (acme, ade, share)]
        return np.stack([*acme, *ade, total, *share, *means, r11 / r10], -1)


def summarise(
    names: tuple[str, str, str],
    method: Method,
    drawn: Floats,
    plug_in: Floats,
    n: Ints,
    converged: Bools,
) -> Mediation:
    """Turn draws (..., draw, effect) and plug-in effects (..., effect) into a `Mediation`."""
    used = np.isfinite(drawn[..., EFFECTS.index("total")])
    count = np.count_nonzero(used, axis=-1)
    nothing_left = count == 0
    # A study without any finite draw is NaN throughout, without numpy's warnings about it.
    drawn = np.where(nothing_left[..., None, None], 0.0, np.where(used[..., None], drawn, np.nan))
    blank = np.where(nothing_left, np.nan, 0.0)
    effects = {}
    for j, name in enumerate(EFFECTS):
        x = drawn[..., j]
        zero = NOTHING.get(name, 0.0)
        size = np.maximum(count, 1)
        tail = np.minimum((x > zero).sum(-1), (x < zero).sum(-1))
        smoothed = (tail + 1) / (size + 2)
        low, median, high = np.nanquantile(x, [0.025, 0.5, 0.975], axis=-1)
        effects[name] = Effect(
            plug_in[..., j],
            np.nanmean(x, -1) + blank,
            median + blank,
            np.nanstd(x, -1) * np.sqrt(size / np.maximum(size - 1, 1)) + blank,
            low + blank,
            high + blank,
            np.minimum(1.0, 2 * tail / size) + blank,
            2 * np.sqrt(smoothed * (1 - smoothed) / size) + blank,
        )
    return Mediation(*names, method, effects, count, n, converged & ~nothing_left)
