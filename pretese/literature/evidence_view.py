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
    return console_text(lambda console: console.print(table)) + f"\n\n{len(found)} studies"


def pooled_page(found: PooledEvidence) -> str:
    """Return the studies that entered, the pooled effect, heterogeneity, and what was excluded."""

    def show(console: Console) -> None:
        console.print(f"{found.endpoint}: {found.scale}, therapy against control")
        console.print(_studies_table(found))
        for line in _findings(found):
            console.print(line)
        if found.excluded:
            console.print("\nNot pooled:")
            console.print(_excluded_table(found))

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
            _shown(row.estimate),
            f"{_shown(row.conf_low)} to {_shown(row.conf_high)}",
            f"{row.weight_percent:.0f} %",
            _shown(row.without_it) if len(found.rows) > 1 else "",
        )
    return table


def _shown(value: float) -> str:
    return f"{value:.2f}" if abs(value) < LARGE else f"{value:,.0f}"


def _excluded_table(found: PooledEvidence) -> Table:
    """Lay out the reasons, each with its studies."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in found.excluded:
        by_reason.setdefault(reason, []).append(name)
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(width=24, overflow="fold")
    table.add_column(overflow="fold")
    for reason, names in by_reason.items():
        table.add_row(reason, ", ".join(names))
    return table


def _findings(found: PooledEvidence) -> list[str]:
    fit = found.fit
    effect = [found.shown(v[0]) for v in (fit.coefficient, fit.conf_low, fit.conf_high)]
    test = "Knapp-Hartung" if fit.test == "knapp-hartung" else "normal"
    lines = [
        f"Pooled ({fit.method}, {test}): {_shown(effect[0])} (95 % CI {_shown(effect[1])} to "
        f"{_shown(effect[2])}), p {format_p(float(fit.p_value[0])) or 'not defined'}"
    ]
    if fit.studies < 2:
        return [*lines, "One study: heterogeneity cannot be estimated."]
    low, high = (found.shown(v) for v in fit.prediction()[1:])
    lines += [
        f"Prediction interval for a new study: {_shown(low)} to {_shown(high)}",
        f"Heterogeneity: tau2 {fit.tau2:.3f} ({fit.tau2_low:.3f} to {fit.tau2_high:.3f}), "
        f"I2 {fit.i2_percent:.0f} %",
        f"  Q {fit.q:.2f} on {fit.q_df} df, p {format_p(fit.q_p_value)}",
    ]
    if found.asymmetry is not None:
        few = f"; little power with {fit.studies} studies" if fit.studies < FEW_STUDIES else ""
        lines.append(f"Egger's test: p {format_p(found.asymmetry.p_value)}{few}")
    return lines
