"""`pretese monitor`: the interim data of an ongoing trial compared with its plan."""

from pathlib import Path
from typing import Any

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import NumberRange, percent_pairs
from pretese.commands.options import (
    effect_option,
    json_option,
    plot_option,
    risk_options,
    show_assumptions,
)
from pretese.commands.output_types import InputPath, WritingCommand
from pretese.io.text.json_text import print_json


@click.command(cls=WritingCommand)
@click.argument("design")
@click.argument("interim", type=InputPath(), metavar="INTERIM.csv")
@click.option(
    "--final", is_flag=True,
    help="The last row is the final analysis although more were planned: spend all remaining "
    "alpha.",
)  # fmt: skip
@click.option(
    "--overrunning", is_flag=True,
    help="The last row includes data that arrived after the trial had stopped.",
)  # fmt: skip
@click.option(
    "--planned", type=NumberRange(1e-12, 1e12), metavar="NUMBER",
    help="Participants in the final analysis or, for estimates, its information "
         "1 / std_error^2 [default: those of the design].",
)  # fmt: skip
@risk_options
@effect_option(
    "Also report conditional power under this percentage of the planned effect. May be repeated."
)
@click.option(
    "--arm-risk", "arm_risks", multiple=True, metavar="ARM=PERCENT",
    callback=percent_pairs("hcg=28%"),
    help="Planned event risk of an arm, with its sign, in a design with several arms that names a "
         "scenario; once for every arm.",
)  # fmt: skip
@click.option(
    "--continued", multiple=True, metavar="ARM",
    help="A treatment that continued although a rule of a design with several arms drops it. May "
    "be repeated.",
)  # fmt: skip
@plot_option
@json_option
def command(design: str, interim: Path, plot: Path | None, as_json: bool, **chosen: Any) -> None:
    """Compare the interim data of an ongoing trial of DESIGN with its plan.

    INTERIM.csv has one row per analysis, cumulative: control_events, control_participants,
    treated_events, treated_participants for the score test; or estimate, std_error by any other
    method (risk differences, or natural LOGARITHMS of odds ratios). --control-risk and
    --treated-risk are the planned risks of a design that names a scenario.

    A design with several arms takes ARM_events and ARM_participants of every arm; or
    ARM_participants of every arm with ARM_estimate and ARM_std_error of every treatment; or one row
    per participant with arm, event and analysis.
    """
    from pretese.api.trials.read_design import design as read_design
    from pretese.screen.console import SafeConsole

    plan = read_design(design)
    with options_named():
        data = plan.interim_data(interim)
    show_assumptions(interim, data.assumptions)
    with options_named():
        found = plan.monitor(data, **chosen)
    if plot is not None:
        from pretese.plots.style import save

        save(found.plot(), plot, "--plot")
    if as_json:
        print_json(found.to_dict())
    else:
        found.show(SafeConsole())
