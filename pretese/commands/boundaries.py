"""`pretese boundaries`: the boundaries of a group-sequential design, as a table or as JSON."""

from typing import Any

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import Number, Percent, comma_numbers
from pretese.commands.options import json_option, prior_option, risk_options
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo

#: Options whose names differ from the arguments of the interface.
_OPTIONS = {"information": "--analyses", "boundaries": "boundaries"}

#: Options that hold several numbers.
_LISTS = ("futility_z", "futility_analyses", "efficacy_analyses")


@click.command()
@click.option(
    "--analyses", required=True,
    help="Information fractions T1,T2,...,1 of the analyses, or their number, equally spaced.",
)  # fmt: skip
@click.option(
    "--spending",
    type=click.Choice(["OF", "Pocock", "HSD", "KD", "user"]),
    help="Alpha spending: Lan-DeMets OF or Pocock, Hwang-Shih-DeCani, Kim-DeMets.",
)
@click.option(
    "--shape",
    type=click.Choice(["OF", "Pocock", "WT", "HP"]),
    help="Instead of spending: O'Brien-Fleming, Pocock, Wang-Tsiatis, Haybittle-Peto.",
)
@click.option("--gamma", type=Number(), help="Parameter of HSD; negative values spend late.")
@click.option("--rho", type=Number(), help="Parameter of KD, above 0.")
@click.option("--cumulative", help="Cumulative alpha A1,A2,... of user spending, per side.")
@click.option("--delta", type=Number(), help="Parameter of WT: 0 is OF, 0.5 is Pocock.")
@click.option("--z", type=Number(), help="Interim critical value of HP.  [default: 3]")
@click.option("--alpha", type=Number(), default=0.025, show_default=True, help="Type I error.")
@click.option("--sides", type=int, default=1, show_default=True, help="Number of sides, 1 or 2.")
@click.option("--power", type=Number(), default=0.8, show_default=True)
@click.option(
    "--futility", metavar="FAMILY|RULE",
    help="Futility (one-sided designs): beta spending OF, Pocock, HSD, KD; or a rule: z(0), "
    "effect(20) (percent of the planned effect), CP(10), CPobserved(10), PP(5) (conditional and "
    "predictive power, percent).",
)  # fmt: skip
@click.option("--futility-gamma", type=Number(), help="Parameter of HSD for futility.")
@click.option("--futility-rho", type=Number(), help="Parameter of KD for futility.")
@click.option(
    "--futility-analyses", metavar="K1,K2,...",
    help="Interim analyses at which futility is judged, from 1.  [default: all]",
)  # fmt: skip
@click.option(
    "--efficacy-analyses", metavar="K1,K2,...",
    help="Interim analyses at which efficacy is judged, from 1.  [default: all]",
)  # fmt: skip
@click.option(
    "--harm", metavar="FAMILY",
    help="Boundaries of harm (one-sided designs): OF, Pocock, HSD(-4), KD(2).",
)  # fmt: skip
@click.option(
    "--harm-alpha", type=Number(), help="One-sided error of harm.  [default: that of --alpha]"
)
@click.option("--binding", is_flag=True, help="Futility boundaries are binding.")
@risk_options
@click.option(
    "--margin", type=Percent(), metavar="PERCENT",
    help="Margin in percentage points, such as 10%, for the sample size.",
)  # fmt: skip
@click.option(
    "--hypothesis", type=click.Choice(["superiority", "non-inferiority"]),
    help="Hypothesis of the margin. [default: non-inferiority]",
)  # fmt: skip
@click.option(
    "--treatment-arms", type=int, default=1, show_default=True,
    help="Treatments against one control; from 2 on alpha is family-wise (Dunnett).",
)  # fmt: skip
@click.option(
    "--allocation-ratio", type=Number(), default=1.0, show_default=True,
    help="With several treatments: participants of each per participant of the control.",
)  # fmt: skip
@click.option(
    "--futility-z", metavar="Z1,Z2,...",
    help="With several treatments: z below which one is dropped, at each interim analysis.",
)  # fmt: skip
@prior_option(
    "With both risks: average over published evidence ('evidence', a topic, or a prior file)."
)
@json_option
def command(analyses: str, cumulative: str | None, as_json: bool, **chosen: Any) -> None:
    """Compute boundaries, error spent and expected sample size of a group-sequential design.

    With --control-risk and --treated-risk also the sample size and its exact power.
    """
    from pretese.api.trials.group_sequential import boundaries

    lists: dict[str, Any] = {name: _listed(chosen.pop(name), name) for name in _LISTS}
    with options_named(_OPTIONS):
        found = boundaries(
            _information(analyses),
            cumulative=None if cumulative is None else comma_numbers(cumulative, "--cumulative"),
            **chosen,
            **lists,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        echo(str(found))


def _listed(text: str | None, name: str) -> tuple[float, ...]:
    """Return the numbers of an option that may be absent."""
    return () if text is None else comma_numbers(text, f"--{name.replace('_', '-')}")


def _information(analyses: str) -> int | tuple[float, ...]:
    """Return the fractions; a single whole number above 1 is the number of analyses."""
    values = comma_numbers(analyses, "--analyses")
    if len(values) == 1 and values[0] > 1 and values[0] == int(values[0]):
        return int(values[0])
    return values
