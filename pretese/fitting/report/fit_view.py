"""A fitted scenario on the console, in 80 columns."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pretese.fitting.fitted_scenario import FittedScenario
from pretese.fitting.realism import Realism
from pretese.fitting.report.fit_document import number_rows
from pretese.screen.console import console_text


def fit_page(found: FittedScenario) -> str:
    """Return the fit, and the agreement of simulated patients with the table."""

    def show(console: Console) -> None:
        console.print(
            f"{found.chosen.id}: {len(number_rows(found))} numbers estimated from "
            f"{found.patients.size} patients; all else from {found.chosen.extends}"
        )
        console.print(variables_table(found.realism))
        console.print(shares_table(found.realism))
        for line in findings(found.realism):
            console.print(line)

    return console_text(show)


def variables_table(realism: Realism) -> Table:
    """Return quartiles of real and synthetic patients."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("median (quartiles)", no_wrap=True)
    table.add_column("real patients", justify="right", no_wrap=True)
    table.add_column("synthetic", justify="right", no_wrap=True)
    for each in realism.variables:
        table.add_row(each.name, quartiles_text(each.real), quartiles_text(each.synthetic))
    return table


def shares_table(realism: Realism) -> Table:
    """Return percentages of real patients with intervals, and of synthetic ones."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("percentage", no_wrap=True)
    table.add_column("real patients (95 % CI)", justify="right", no_wrap=True)
    table.add_column("synthetic", justify="right", no_wrap=True)
    for each in realism.shares:
        interval = f"{each.real:.1f} ({each.conf_low:.1f} to {each.conf_high:.1f})"
        table.add_row(each.name, interval, f"{each.synthetic:.1f}{'' if each.within else ' *'}")
    return table


def quartiles_text(quartiles: tuple[float, float, float]) -> str:
    """Return a median and the quartiles with four digits.

    >>> quartiles_text((9.2549999, 13.62, 18.495))
    '13.62 (9.255 to 18.5)'
    """
    low, middle, high = (f"{value:.4g}" for value in quartiles)
    return f"{middle} ({low} to {high})"


def findings(realism: Realism) -> list[str]:
    """Return sentences on percentages, correlations, the classifier and nearest patients."""
    apart, near = realism.separation, realism.nearness
    outside = sum(not each.within for each in realism.shares)
    pairs = sum(not each.within for each in realism.pairs)
    return [
        f"* outside the interval of the real patients: {outside} of {len(realism.shares)} "
        "percentages.",
        f"Rank correlations outside it: {pairs} of {len(realism.pairs)}; "
        f"about {0.05 * len(realism.pairs):.0f} by chance.",
        f"Classifier, real against synthetic: AUC {apart.auc:.3f} "
        f"({apart.conf_low:.3f} to {apart.conf_high:.3f}).",
        "  0.5: they cannot be distinguished; a fit to the same patients can be below 0.5.",
        f"Nearest real patient: closer than usual for {near.close_percent:.1f} % "
        f"(5 % expected); {near.copies} copies.",
    ]
