"""The chapter "Evidence and beliefs" of a power report.

Studies used, the prior with its bands, the probability of success, what moves it most, and power
over parameter sets that all reproduce the article.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pretese.literature.forecast_parts import Forecast, TrialPlan
from pretese.literature.meta_analysis.evidence_figures import draw_belief, draw_forest
from pretese.literature.pooled_evidence import PooledEvidence
from pretese.literature.prior import PriorFile
from pretese.plots.style import svg
from pretese.trial.ensemble.power_bands import EnsemblePower
from pretese.trial.report.figures.ensemble_figure import draw_ensemble_power
from pretese.trial.views.forecast_figure import draw_forecast

#: Open numbers shown.
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is believed of the effect of one design.

    Attributes
    ----------
    prior, plan, forecast
        The prior of the log odds ratio, what the forecast takes from the design, and the forecast.
    endpoint
        Endpoint of the trial in words.
    pooled
        Studies behind the prior; None for a prior file.
    sets
        Power over parameter sets, if these were asked for.
    """

    prior: PriorFile
    plan: TrialPlan
    forecast: Forecast
    endpoint: str
    pooled: PooledEvidence | None
    sets: EnsemblePower | None


def belief_chapter(found: Beliefs) -> dict[str, Any]:
    """Return what the page shows of the beliefs about one design."""
    mixture = found.prior.mixture()
    quantiles = {p: math.exp(mixture.quantile(p / 100)) for p in (2.5, 10, 50, 90, 97.5)}
    return {
        "prior": found.prior,
        "quantiles": [(f"{p:g} %", f"{value:.2f}") for p, value in quantiles.items()],
        "harm": _percent(mixture.probability_below(0.0)),
        "components": [
            (each.origin, f"{each.weight_percent:.3g} %", f"{math.exp(each.mean_log_odds):.2f}",
             f"{each.sd_log_odds:.2f}")
            for each in found.prior.components
        ],
        "transported": found.prior.endpoint != found.endpoint,
        "endpoint": found.endpoint,
        "belief_figure": svg(draw_belief(mixture)),
        "studies": _studies(found.pooled),
        "forest_figure": None if found.pooled is None else svg(draw_forest(found.pooled)),
        "excluded": () if found.pooled is None else found.pooled.excluded,
        "control_risk": _control_risk(found.plan),
        "sizes": [_size(each) for each in _by_size(found.forecast.sizes)],
        "main": found.forecast.main,
        "influences": _influences(found.forecast),
        "forecast_figure": svg(draw_forecast(found.forecast)),
        "pilot": _pilot(found.forecast),
        "sets": None if found.sets is None else _sets(found.sets),
    }  # fmt: skip


def _by_size(sizes: Iterable[Any]) -> list[Any]:
    return sorted(sizes, key=lambda each: each.participants)


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _ends(low: float, high: float) -> str:
    return f"{100 * low:.0f} to {100 * high:.0f} %"


def _studies(pooled: PooledEvidence | None) -> list[tuple[str, ...]]:
    if pooled is None:
        return []
    return [
        (each.name, each.citation, f"{each.estimate:.2f}",
         f"{each.conf_low:.2f} to {each.conf_high:.2f}", f"{each.weight_percent:.0f} %",
         f"{each.without_it:.2f}", each.source)
        for each in pooled.rows
    ]  # fmt: skip


def _control_risk(plan: TrialPlan) -> str:
    low, high = plan.control_risk_range
    return f"{100 * plan.control_risk:.1f} % ({100 * low:.1f} to {100 * high:.1f} %)"


def _size(each: Any) -> tuple[str, ...]:
    return (
        f"{each.participants:,}", _percent(each.success), _ends(*each.band),
        _percent(each.success_given_benefit), f"{100 * each.misleading:.1f} %",
        _percent(each.harm_shown),
    )  # fmt: skip


def _influences(found: Forecast) -> list[tuple[str, str, str]]:
    rows = [
        (each.name, f"{each.low:.2g} to {each.high:.2g}",
         _ends(each.success_low, each.success_high))
        for each in found.influences
    ]  # fmt: skip
    return [*rows, *((f"without {e.study}", "", _percent(e.success)) for e in found.exclusions)]


def _pilot(found: Forecast) -> str:
    pilot = found.pilot
    low, middle, high = (f"{100 * value:.0f}" for value in pilot.success_after)
    return (
        f"A pilot of {pilot.participants} participants would lower the standard deviation of the "
        f"log odds ratio from {pilot.prior_sd:.2f} to {pilot.expected_sd:.2f} (expected). After "
        f"it, the probability of success would be {low}, {middle} or {high} % (10th, 50th and "
        "90th percentile)."
    )


def _sets(found: EnsemblePower) -> dict[str, Any]:
    risks = found.control_risks
    return {
        "number": len(found.members),
        "control_risks": _ends(float(risks.min()), float(risks.max())),
        "rows": [
            (f"{each.participants:,}", _percent(each.point), _percent(each.mean),
             _ends(*each.band), _percent(each.enough),
             f"{100 * each.type_one_band[0]:.1f} to {100 * each.type_one_band[1]:.1f} %")
            for each in _by_size(found.sizes)
        ],
        "influences": [
            (each.name, f"{each.low:.3g} to {each.high:.3g}",
             _ends(each.power_low, each.power_high))
            for each in found.influences[:SHOWN]
        ],
        "main": found.main,
        "figure": svg(draw_ensemble_power(found)),
    }  # fmt: skip
