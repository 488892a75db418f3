"""``pretese boundaries``: a group-sequential design on one page, or as JSON."""

from typing import Any

import click

from pretese.commands.option_names import options_named
from pretese.commands.option_types import Number, to_number
from pretese.commands.options import json_option
from pretese.io.text.json_text import print_json
from pretese.screen.terminal import echo
from protocol.errors import InputError

#: Arguments of the interface whose options have other names.
_OPTIONS = {"information": "--looks", "treated_risk": "--risks", "control_risk": "--risks"}


@click.command()
@click.option("--looks", required=True, help="Information rates T1,T2,...,1; or a number of looks.")
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
@click.option("--gamma", type=Number(), help="Parameter of HSD; negative spends late.")
@click.option("--rho", type=Number(), help="Parameter of KD, above 0.")
@click.option("--cumulative", help="Cumulative alpha A1,A2,... of user spending, per side.")
@click.option("--delta", type=Number(), help="Parameter of WT: 0 is OF, 0.5 is Pocock.")
@click.option("--z", type=Number(), help="Interim bound of HP.  [default: 3]")
@click.option("--alpha", type=Number(), default=0.025, show_default=True, help="Type I error.")
@click.option("--sides", type=int, default=1, show_default=True, help="1 or 2.")
@click.option("--power", type=Number(), default=0.8, show_default=True)
@click.option(
    "--futility",
    type=click.Choice(["OF", "Pocock", "HSD", "KD"]),
    help="Beta spending for futility (one side).",
)
@click.option("--futility-gamma", type=Number(), help="Parameter of HSD for futility.")
@click.option("--futility-rho", type=Number(), help="Parameter of KD for futility.")
@click.option("--binding", is_flag=True, help="Stopping for futility is obligatory.")
@click.option("--risks", help="Risks TREATED,CONTROL: adds men per arm, and exact power beside it.")
@json_option
def command(
    looks: str, cumulative: str | None, risks: str | None, as_json: bool, **chosen: Any
) -> None:
    """Bounds, error spent, inflation and expected sizes of a group-sequential design."""
    from pretese.api.trials.group_sequential import boundaries

    with options_named(_OPTIONS):
        found = boundaries(
            _information(looks),
            cumulative=None if cumulative is None else _numbers("cumulative", cumulative),
            **_risks(risks),
            **chosen,
        )
    if as_json:
        print_json(found.to_dict())
    else:
        echo(str(found))


def _information(looks: str) -> int | tuple[float, ...]:
    """Return fractions, or the number of analyses that a lone whole number above 1 asks for."""
    values = _numbers("looks", looks)
    if len(values) == 1 and values[0] > 1 and values[0] == int(values[0]):
        return int(values[0])
    return values


def _risks(text: str | None) -> dict[str, Any]:
    """Return ``TREATED,CONTROL`` as arguments."""
    if text is None:
        return {}
    values = _numbers("risks", text)
    if len(values) != 2:
        problem, cure = f"{len(values)} came", "give TREATED,CONTROL"
        raise InputError.of("boundaries", "--risks", problem, cure)
    return dict(zip(("treated_risk", "control_risk"), values, strict=True))


def _numbers(option: str, text: str) -> tuple[float, ...]:
    try:
        return tuple(to_number(part) for part in text.split(","))
    except ValueError:
        cure = "give numbers with commas between them"
        raise InputError.of("boundaries", f"--{option}", f"{text!r} came", cure) from None
