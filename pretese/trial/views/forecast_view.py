"""Console view of the forecast of a trial under published evidence."""

import math
from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pretese.literature.forecast_parts import ArmAssurance, Forecast, TrialPlan
from pretese.literature.prior import PriorFile
from pretese.screen.console import console_text
from pretese.trial.ensemble.power_bands import EnsemblePower
from pretese.trial.views.measure_words import cell


def forecast_page(
    design: str, endpoint: str, prior: PriorFile, plan: TrialPlan, found: Forecast,
    article: EnsemblePower | None = None,
    expected: Mapping[int, dict[str, Any]] | None = None, arms: ArmAssurance | None = None,
) -> str:  # fmt: skip
    """Return prior, probability of success by size, influences, and the value of a pilot trial."""

    def show(console: Console) -> None:
        console.print(f"{design}: probability of success under a prior\n")
        for line in [*_prior_lines(endpoint, prior, plan), *_arm_lines(arms)]:
            console.print(line)
        console.print(_sizes(found))
        if arms is not None:
            console.print(_any_success(arms))
        if arms is not None and arms.interim:
            console.print(_interim(arms))
        for size, each in (expected or {}).items():
            how = "exact" if each["exact"] else "normal approximation"
            how = how if each.get("mcse") is None else f"MCSE {each['mcse']:.2g}"
            console.print(
                f"{size:,} participants planned: {each['expected_participants']:,.0f} expected "
                f"with the interim analyses ({how})."
            )
        console.print("Band: middle 95 % over the ranges below, each value equally probable.")
        console.print(f"\nInfluences on the probability of success at {found.main:,} participants:")
        console.print(_influences(found))
        for line in [*_pilot_lines(found), *_article_lines(article)]:
            console.print(line)
        console.print(
            "Normal approximation, one analysis; without --prior the design is simulated."
        )

    return console_text(show)


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _prior_lines(endpoint: str, prior: PriorFile, plan: TrialPlan) -> list[str]:
    mixture = prior.mixture()
    low, middle, high = (math.exp(mixture.quantile(p)) for p in (0.025, 0.5, 0.975))
    lines = [
        f"Prior ({prior.status}): {prior.about}",
        f"  odds ratio {middle:.2f} (middle 95 % {low:.2f} to {high:.2f}); "
        f"harm {_percent(mixture.probability_below(0.0))}",
    ]
    if prior.endpoint != endpoint:
        lines.append(f"  Transported: evidence on {prior.endpoint}, endpoint {endpoint}.")
    risk, (lowest, highest) = plan.control_risk, plan.control_risk_range
    return [
        *lines,
        f"Control risk {100 * risk:.1f} % (range {100 * lowest:.1f} to {100 * highest:.1f} %), "
        f"one-sided alpha {100 * plan.alpha:g} %",
    ]


def _sizes(found: Forecast) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("participants", "success", "band", "if it helps", "misleading", "harm shown"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found.sizes:
        low, high = each.band
        table.add_row(
            f"{each.participants:,}", _percent(each.success),
            f"{100 * low:.0f} to {100 * high:.0f} %", _percent(each.success_given_benefit),
            f"{100 * each.misleading:.1f} %", _percent(each.harm_shown),
        )  # fmt: skip
    return table


def _arm_lines(arms: ArmAssurance | None) -> list[str]:
    """Return which treatment the prior concerns, and the planned risks of the others."""
    if arms is None:
        return []
    others = ", ".join(f"{name} {100 * risk:.1f} %" for name, risk in arms.planned_risks.items())
    planned = [f"Planned risks of the others: {others}."] if others else []
    return [f"The prior concerns {arms.prior_of}; success is that of this treatment.", *planned]


def _any_success(arms: ArmAssurance) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("participants", "any treatment succeeds", "any without benefit"):
        table.add_column(heading, justify="right", no_wrap=True)
    for size, each in arms.any_success.items():
        table.add_row(f"{size:,}", _percent(each["success"]), f"{100 * each['misleading']:.1f} %")
    return table


def _interim(arms: ArmAssurance) -> Table:
    """Return the probabilities with all interim analyses, each with its MCSE."""
    table = Table(
        box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True,
        title="Simulated with the interim analyses, % (MCSE)", title_justify="left",
    )  # fmt: skip
    for heading in ("participants", "success", "if it helps", "misleading", "any", "any false"):
        table.add_column(heading, justify="right", no_wrap=True)
    names = ("success", "success_given_benefit", "misleading", "any_success", "any_misleading")
    for row in arms.interim:
        table.add_row(f"{row['participants']:,}", *(cell(row[n], share=True) for n in names))
    return table


def _influences(found: Forecast) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("unknown", no_wrap=True)
    table.add_column("range", justify="right", no_wrap=True)
    table.add_column("success", justify="right", no_wrap=True)
    for each in found.influences:
        table.add_row(
            each.name,
            f"{each.low:.2g} to {each.high:.2g}",
            f"{100 * each.success_low:.0f} to {100 * each.success_high:.0f} %",
        )
    for one in found.exclusions:
        table.add_row(f"without {one.study}", "", _percent(one.success))
    return table


def _pilot_lines(found: Forecast) -> list[str]:
    pilot = found.pilot
    low, middle, high = (f"{100 * value:.0f}" for value in pilot.success_after)
    return [
        f"A pilot of {pilot.participants} participants would lower the SD of the log odds ratio",
        f"from {pilot.prior_sd:.2f} to {pilot.expected_sd:.2f} (expected). After it, the "
        "probability of success would be",
        f"{low}, {middle} or {high} % (10th, 50th and 90th percentile).",
    ]


def _article_lines(article: EnsemblePower | None) -> list[str]:
    """Return the forecast from the article only, over the parameter sets that reproduce it."""
    if article is None:
        return []
    lines = [
        f"The article only ({len(article.members)} parameter sets that reproduce it), "
        "probability of success:"
    ]
    for each in article.sizes:
        low, high = (f"{100 * value:.0f}" for value in each.band)
        lines.append(
            f"  {each.participants:,} participants {_percent(each.mean)} (band {low} to {high} %)"
        )
    if article.influences:
        lines.append(f"  most moved by {article.influences[0].name}")
    return lines
