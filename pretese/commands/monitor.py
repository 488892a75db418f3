"""`pretese monitor`: the looks of a running trial against its plan."""

from pathlib import Path
from typing import Any

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import NumberRange, to_number
from pretese.commands.options import json_option, plot_option, show_assumptions
from pretese.io.text.json_text import print_json
from protocol.errors import InputError

#: Arguments of the interface, and the options that stand for them.
_OPTIONS = {
    "final": "--ended", "overrunning": "--over-run",
    "control_risk": "--risks", "treated_risk": "--risks", "effects": "--effect-percent",
}  # fmt: skip


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
@plot_option
@json_option
def command(
    design: str,
    looks: Path,
    ended: bool,
    over_run: bool,
    risks: str | None,
    plot: Path | None,
    as_json: bool,
    **chosen: Any,
) -> None:
    """Analyse the looks a trial of DESIGN (a shipped name or a file) has taken so far.

    LOOKS.csv has one row per look, all men up to it: control_events, control_men, treated_events,
    treated_men for an unadjusted comparison; or estimate, std_error by any other method (risk
    differences, or natural LOGARITHMS of odds ratios).
    """
    from pretese.api.trials.designs import design as read_design
    from pretese.screen.console import SafeConsole
    from pretese.trial.monitoring.interim_data import read_taken
    from pretese.trial.monitoring.monitoring_view import show_monitoring

    planned = _risks(risks)
    plan, data = read_design(design), read_taken(looks)
    show_assumptions(looks, data.assumptions)
    with options_named(_OPTIONS):
        found = plan.monitor(data, final=ended, overrunning=over_run, **planned, **chosen)
    if plot is not None:
        from pretese.plots.style import save

        save(found.plot(), plot, "--plot")
    if as_json:
        print_json(found.to_dict())
    else:
        show_monitoring(SafeConsole(), found.to_dict())


def _risks(text: str | None) -> dict[str, Any]:
    """Return ``CONTROL,TREATED`` in percent as arguments."""
    if text is None:
        return {}
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
    return {"control_risk": control, "treated_risk": treated}
