"""Console view of power over an ensemble of parameter sets."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pretese.screen.console import console_text
from pretese.trial.ensemble.power_bands import EnsemblePower

#: Number of undetermined numbers shown.
SHOWN = 8


def ensemble_power_page(design: str, scenario: str, found: EnsemblePower, replicates: int) -> str:
    """Return power by sample size with bands, and the most influential numbers."""

    def show(console: Console) -> None:
        sets = len(found.members)
        console.print(f"{design}: power over {sets} parameter sets of {scenario}\n")
        console.print(
            "Every set reproduces the published numbers; sets differ in the numbers that these "
            "leave"
        )
        console.print("open, in favour of therapy and against it.")
        console.print(_sizes(found))
        console.print(
            "point: the calibrated scenario; mean: over the sets; band: their middle 95 %."
        )
        if found.influences:
            console.print(
                f"\nPower at {found.main:,} participants, one undetermined number at a time:"
            )
            console.print(_influences(found))
            console.print(
                "The scenario is calibrated again at each end. Normal approximation, one",
            )
            console.print("analysis, risks of any sperm in the scenario of the ensemble.")
        console.print(f"{replicates:,} simulated trials per set, size and effect.")

    return console_text(show)


def _percent(value: float) -> str:
    return f"{100 * value:.0f}"


def _sizes(found: EnsemblePower) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for heading in ("participants", "point, %", "mean, %", "band, %", ">= 80 %", "type I, %"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found.sizes:
        low, high = each.band
        error_low, error_high = each.type_one_band
        table.add_row(
            f"{each.participants:,}", _percent(each.point), _percent(each.mean),
            f"{_percent(low)} to {_percent(high)}", f"{_percent(each.enough)} % of sets",
            f"{100 * error_low:.1f} to {100 * error_high:.1f}",
        )  # fmt: skip
    return table


def _influences(found: EnsemblePower) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("number", overflow="fold")
    table.add_column("range", justify="right", no_wrap=True)
    table.add_column("power, %", justify="right", no_wrap=True)
    for each in found.influences[:SHOWN]:
        table.add_row(
            each.name, f"{each.low:.3g} to {each.high:.3g}",
            f"{_percent(each.power_low)} to {_percent(each.power_high)}",
        )  # fmt: skip
    return table
