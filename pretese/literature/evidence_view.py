"""Pooled evidence, and lists of studies, on the console in 80 columns."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from estimate.description.table1 import format_p
from pretese.literature.library import Published
from pretese.literature.pooled_evidence import FEW_STUDIES, PooledEvidence
from pretese.screen.console import console_text

#: Ratios of this size and more are written without decimals.
LARGE = 100

#: Studies excluded for one reason that are named.
LISTED = 12


def studies_page(found: Sequence[Published]) -> str:
    """Return a list of studies: name, design, patients, therapy, number of results."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("study", width=26, overflow="fold")
    table.add_column("design", width=13)
    table.add_column("patients", justify="right", no_wrap=True)
    table.add_column("therapy", width=16)
    table.add_column("results", justify="right", no_wrap=True)
    for each in found:
        study = each.study
        drugs = study.therapy.drugs if study.therapy else ()
        table.add_row(
            study.name,
            study.design,
            f"{study.population.patients:,}" if study.population.patients else "",
            ", ".join(drug.drug for drug in drugs),
            str(len(study.comparisons) + len(study.results)),
        )
    return (
        console_text(lambda console: console.print(table)) + f"\n\n{number_of_studies(len(found))}"
    )


def number_of_studies(number: int) -> str:
    """Return a number with the word studies.

    >>> number_of_studies(1)
    '1 study'
    """
    return "1 study" if number == 1 else f"{number} studies"


def pooled_page(found: PooledEvidence) -> str:
    """Return the studies that entered, the pooled effect, heterogeneity, and what was excluded."""

    def show(console: Console) -> None:
        console.print(f"{found.endpoint}: {found.scale}, therapy against control")
        console.print(_studies_table(found))
        for line in _findings(found):
            console.print(line)
        if found.excluded:
            console.print("\nNot pooled:")
            console.print(excluded_table(found.excluded))

    return console_text(show)


def _studies_table(found: PooledEvidence) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("study", no_wrap=True)
    table.add_column(found.scale, justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("weight", justify="right", no_wrap=True)
    table.add_column("without it", justify="right", no_wrap=True)
    for row in found.rows:
        table.add_row(
            row.name,
            shown_effect(row.estimate),
            f"{shown_effect(row.conf_low)} to {shown_effect(row.conf_high)}",
            f"{row.weight_percent:.0f} %",
            shown_effect(row.without_it) if len(found.rows) > 1 else "",
        )
    return table


def shown_effect(value: float) -> str:
    """Return an effect with two decimals; without decimals if it is large."""
    return f"{value:.2f}" if abs(value) < LARGE else f"{value:,.0f}"


def excluded_table(excluded: Sequence[tuple[str, str]]) -> Table:
    """Lay out the reasons, each with its studies, or with their number if they are many."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in excluded:
        by_reason.setdefault(reason, []).append(name)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(width=24, overflow="fold")
    table.add_column(overflow="fold")
    for reason, names in by_reason.items():
        many = f"{len(names)} studies; --json lists them"
        table.add_row(reason, ", ".join(names) if len(names) <= LISTED else many)
    return table


def _findings(found: PooledEvidence) -> list[str]:
    fit = found.fit
    effect, low, high = (
        shown_effect(found.shown(v[0])) for v in (fit.coefficient, fit.conf_low, fit.conf_high)
    )
    test = "Knapp-Hartung" if fit.test == "knapp-hartung" else "normal"
    lines = [
        f"Pooled ({fit.method}, {test}): {effect} (95 % CI {low} to {high}), "
        f"p {format_p(float(fit.p_value[0])) or 'not defined'}"
    ]
    if any(row.bias_shift or row.bias_sd for row in found.rows):
        lines += _bias_lines(found)
    if fit.studies < 2:
        return [*lines, "One study: heterogeneity cannot be estimated."]
    low, high = (shown_effect(found.shown(v)) for v in fit.prediction()[1:])
    lines += [
        f"Prediction interval for a new study: {low} to {high}",
        f"Heterogeneity: tau2 {fit.tau2:.3f} ({fit.tau2_low:.3f} to {fit.tau2_high:.3f}), "
        f"I2 {fit.i2_percent:.0f} %",
        f"  Q {fit.q:.2f} on {fit.q_df} df, p {format_p(fit.q_p_value)}",
    ]
    if found.asymmetry is not None:
        few = f"; little power with {fit.studies} studies" if fit.studies < FEW_STUDIES else ""
        lines.append(f"Egger's test: p {format_p(found.asymmetry.p_value)}{few}")
    return lines


def _bias_lines(found: PooledEvidence) -> list[str]:
    """State the bias that was removed, which is assumed."""
    unit = "" if found.scale == "risk difference" else " on the log scale"
    lines = [f"Assumed bias, removed from effects and added to variances{unit} (mean, SD):"]
    lines += [
        f"  {row.name} {row.bias_shift:.2f}, {row.bias_sd:.2f}"
        for row in found.rows
        if row.bias_shift or row.bias_sd
    ]
    return lines
