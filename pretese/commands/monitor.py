"""`pretese monitor`: the looks of a running trial against its plan."""

from pathlib import Path

import click

from pretese.commands.options import NumberRange, json_option, tell_assumptions, to_number
from pretese.io.output.atomic_file import check_file
from pretese.io.output.versions import versions
from pretese.io.text.json_text import print_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.plots.style import save
from pretese.screen.console import SafeConsole
from pretese.trial.design.design_file import read_design
from pretese.trial.monitoring.interim_data import read_taken
from pretese.trial.monitoring.monitoring_answer import monitoring_document
from pretese.trial.monitoring.monitoring_figure import draw_looks
from pretese.trial.monitoring.monitoring_view import show_monitoring
from pretese.trial.monitoring.ongoing_trial import Asked, monitor
from protocol.errors import InputError


@click.command()
@click.argument("design")
@click.argument("looks", type=click.Path(path_type=Path), metavar="LOOKS.csv")
@click.option(
    "--ended", is_flag=True,
    help="The trial ends at the last look though the plan has more: all error left is spent there.",
)  # fmt: skip
@click.option(
    "--over-run", is_flag=True,
    help="The last look holds data that came in after the trial had stopped.",
)  # fmt: skip
@click.option(
    "--planned", type=NumberRange(1e-12, 1e12), metavar="NUMBER",
    help="Men to be analysed at the last look or, for estimates, its information 1 / std_error^2 "
    "[those of the design].",
)  # fmt: skip
@click.option(
    "--risks", metavar="CONTROL,TREATED",
    help="Planned risks in percent, where the design names a scenario: for conditional power.",
)  # fmt: skip
@click.option(
    "--effect-percent", "effects", multiple=True, type=NumberRange(0, 100),
    help="Conditional power under this percent of the planned effect too. May be repeated.",
)  # fmt: skip
@click.option(
    "--plot", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Draw bounds and the path of z: .png or .svg.",
)  # fmt: skip
@json_option
def command(
    design: str,
    looks: Path,
    ended: bool,
    over_run: bool,
    planned: float | None,
    risks: str | None,
    effects: tuple[float, ...],
    plot: Path | None,
    as_document: bool,
) -> None:
    """Analyse the looks a trial of DESIGN (a shipped name or a file) has taken so far.

    LOOKS.csv has one row per look, all men up to it: control_events, control_men, treated_events,
    treated_men for an unadjusted comparison; or estimate, std_error by any other method (risk
    differences, or natural LOGARITHMS of odds ratios).
    """
    if plot is not None:
        _check_plot(plot)
    asked = Asked(ended, over_run, planned, _risks(risks), tuple(e / 100 for e in effects))
    plan, sha256 = read_design(design)
    taken = read_taken(looks)
    tell_assumptions(looks, taken.assumptions)
    document = rounded_document(monitoring_document(monitor(plan, taken, asked)))
    if plot is not None:
        save(draw_looks(document), plot, "--plot")
    if as_document:
        hashes = {"design_sha256": sha256, "looks_sha256": taken.sha256}
        read = {"data_assumptions": list(taken.assumptions)}
        print_json({**document, **hashes, **read, "versions": versions()})
    else:
        show_monitoring(SafeConsole(), document)


def _check_plot(plot: Path) -> None:
    if plot.suffix not in (".png", ".svg"):
        problem = f"{plot.suffix or 'no ending'}"
        raise InputError.of("--plot", str(plot), problem, "end in .png or .svg")
    check_file(plot, "--plot")


def _risks(text: str | None) -> tuple[float, float] | None:
    """Return ``CONTROL,TREATED`` in percent as shares."""
    if text is None:
        return None
    try:
        control, treated = (to_number(part) / 100 for part in text.split(","))
    except ValueError:
        control = treated = -1.0
    if not (0 < control < 1 and 0 < treated < 1):
        cure = "write CONTROL,TREATED between 0 and 100, such as 23,34"
        raise InputError.of("--risks", "", f"{text!r} came", cure)
    if max(control, treated) < 0.01:
        cure = "write percent, such as 23,34 and not 0.23,0.34"
        raise InputError.of("--risks", "", f"{text!r} are both below 1 %", cure)
    return control, treated
