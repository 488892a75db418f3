"""Event risks as options: a percentage with its sign, so that no order or unit is guessed."""

from collections.abc import Callable
from typing import Any

import click

from pretese.commands.options import Command
from protocol.errors import InputError
from protocol.reading.numbers import number_of


class Risk(click.ParamType[float]):
    """A percentage between 0 and 100 with its sign, such as ``30%``, as a probability."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the probability; refuse a number without a percent sign."""
        option = param.opts[0] if param else "risk"
        text = str(value).strip()
        number = number_of(text.removesuffix("%").strip())
        if number is None or not 0 < number < 100:
            cure = "give a percentage between 0% and 100%, such as 30%"
            raise InputError.of(option, "", f"{text!r} is not a risk", cure)
        if not text.endswith("%"):
            readings = f"{number:g}%" + (f" or {100 * number:g}%" if number < 1 else "")
            problem = f"{text} has no percent sign"
            raise InputError.of(option, "", problem, f"write {readings}, whichever is meant")
        return number / 100


def risk_options(purpose: str) -> Callable[[Command], Command]:
    """Return ``--control-risk`` and ``--treated-risk``, which go together."""

    def add(command: Command) -> Command:
        for name, arm in (("treated", "experimental"), ("control", "control")):
            words = f"Event risk in the {arm} arm, in percent with the sign, such as 30%: {purpose}"
            command = click.option(f"--{name}-risk", type=Risk(), metavar="PERCENT%", help=words)(
                command
            )
        return command

    return add
