"""Options shared by several commands, each with one name, meaning and default."""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from pretese.api.arguments.argument_numbers import MAX_SEED
from pretese.commands.option_types import NumberRange, Percent, SeveralOf, number_pairs
from pretese.commands.output_types import InputPath, OutputFile, OutputFolder
from pretese.screen.terminal import echo

#: A command, or the function that implements it.
Command = TypeVar("Command", bound=Callable[..., Any])

#: A decorator that adds an option to a command.
Option = Callable[[Command], Command]

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON document."
)
resume_option = click.option(
    "--resume", is_flag=True, help="Continue, or extend, the study in --out."
)

part_option = click.option(
    "--part", metavar="I/N",
    help="Compute only part I of N, in a separate folder; --resume later joins all parts.",
)  # fmt: skip

plot_option = click.option(
    "--plot", type=OutputFile(".png", ".svg"), metavar="FILE",
    help="Draw the result: .png or .svg.",
)  # fmt: skip
workers_option = click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True,
    help="Number of processes; results do not depend on it.",
)  # fmt: skip
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS",
    help="Dask scheduler in place of --workers; results do not depend on it.",
)  # fmt: skip
regimen_option = click.option(
    "--regimen", default="fsh-guided", show_default=True,
    help="Name of a shipped regimen, or path of a file.",
)  # fmt: skip
fsh_unit_option = click.option(
    "--fsh-unit", default="IU/L", show_default=True,
    help="Unit of --fsh: a UCUM unit or an alias such as mIU/mL.",
)  # fmt: skip


def worlds_option(
    words: str = "Parameter sets of the stored ensemble over which bands are given.",
) -> Option[Any]:
    """Return ``--worlds``, a number of parameter sets."""
    return click.option("--worlds", type=click.IntRange(2, 2000), help=words)


def seed_option(own: str = "") -> Option[Any]:
    """Return ``--seed``: 1 by default, or None if ``own`` names an input with its own seed."""
    return click.option(
        "--seed", type=click.IntRange(0, MAX_SEED), default=None if own else 1,
        show_default=own or True, help="Base seed of all random numbers.",
    )  # fmt: skip


def patients_option(
    low: int, high: int, default: int | None, words: str, own: str = ""
) -> Option[Any]:
    """Return ``--patients``; ``own`` describes the default if ``default`` is None."""
    return _count_option("--patients", low, high, default, words, own)


def mcse_option(lowest: float, until: str) -> Option[Any]:
    """Return the option that adds replicates up to a precision, from ``lowest`` to 0.1."""
    words = f"{until} have this Monte Carlo standard error."
    return click.option("--mcse", type=NumberRange(lowest, 0.1), help=words)


def replicates_option(
    low: int, high: int, default: int | None, words: str, own: str = ""
) -> Option[Any]:
    """Return ``--replicates``; ``own`` describes the default if ``default`` is None."""
    return _count_option("--replicates", low, high, default, words, own)


def _count_option(
    name: str, low: int, high: int, default: int | None, words: str, own: str
) -> Option[Any]:
    return click.option(
        name, type=click.IntRange(low, high), default=default, show_default=own or True,
        help=words,
    )  # fmt: skip


def out_option(
    words: str, default: str | None = None, *, required: bool = False, extended: bool = False
) -> Option[Any]:
    """Return ``--out``, the folder to write.

    ``extended``: files are added to it instead of replacing the whole folder.
    """
    return click.option(
        "--out", type=OutputFolder(extended=extended), show_default=default is not None,
        default=None if default is None else Path(default), required=required, help=words,
    )  # fmt: skip


def out_file_option(words: str, kind: OutputFile, *, required: bool = False) -> Option[Any]:
    """Return ``--out``, the file to write."""
    return click.option("--out", type=kind, required=required, help=words)


def format_option(formats: Iterable[str], default: str, words: str) -> Option[Any]:
    """Return ``--format``: one of ``formats``."""
    return click.option(
        "--format", "form", type=click.Choice(list(formats)), default=default, show_default=True,
        help=words,
    )  # fmt: skip


def formats_option(formats: Collection[str], default: str, words: str) -> Option[Any]:
    """Return ``--format``: one or more of ``formats``, separated by commas."""
    return click.option(
        "--format", "formats", type=SeveralOf(formats), default=default, show_default=True,
        metavar="FORMAT[,FORMAT...]", help=words,
    )  # fmt: skip


def figures_option(words: str) -> Option[Any]:
    """Return ``--figures/--no-figures``; figures are drawn by default."""
    return click.option("--figures/--no-figures", default=True, show_default=True, help=words)


def report_option(words: str, *endings: str) -> Option[Any]:
    """Return ``--report``: a file for one report, with one of some endings."""
    return click.option("--report", type=OutputFile(*endings), help=words)


def set_option(what: str, example: str) -> Option[Any]:
    """Return ``--set``: other numbers of a regimen or scenario, as numbers by name."""
    return click.option(
        "--set", "changes", multiple=True, metavar="NAME=NUMBER", callback=number_pairs(example),
        help=f"Replace a number of the {what}, such as {example}. May be repeated.",
    )  # fmt: skip


#: ``--set`` of a regimen and of a scenario.
regimen_set_option = set_option("regimen, in its declared unit", "testosterone_high=32")
scenario_set_option = set_option("scenario", "spermatogenesis.treatment.direct=0")


#: ``--reference-range`` of decisions, schedules and audits.
reference_range_option = click.option(
    "--reference-range", "ranges", multiple=True, metavar="ANALYTE=LOW to HIGH UNIT",
    help="The laboratory's own normal range, such as 'fsh=1.5 to 12.4 IU/L'. May be repeated.",
)  # fmt: skip


def mapping_option(words: str) -> Option[Any]:
    """Return ``--mapping``: a YAML file with the columns and words of the user's own table."""
    return click.option("--mapping", type=InputPath(), metavar="FILE", help=words)


def plan_option(words: str, *, required: bool = False) -> Option[Any]:
    """Return ``--plan``, the file of an analysis plan."""
    return click.option("--plan", "plan_path", type=InputPath(), required=required, help=words)


def fsh_option(words: str) -> Option[Any]:
    """Return ``--fsh``, in the unit of ``--fsh-unit``; a number, or text such as ``<0.3``."""
    return click.option("--fsh", multiple=True, metavar="NUMBER", help=words)


def risk_options(command: Command) -> Command:
    """Give a command ``--control-risk`` and ``--treated-risk``, percentages with their sign."""
    for name in ("treated", "control"):
        command = click.option(
            f"--{name}-risk", type=Percent(), metavar="PERCENT",
            help=f"Event risk of the {name} arm, with its sign, such as 30%.",
        )(command)  # fmt: skip
    return command


def effect_option(words: str) -> Option[Any]:
    """Return ``--effect``: percentages of the planned effect of a trial."""
    return click.option(
        "--effect", "effects", multiple=True, type=NumberRange(0, 100), metavar="PERCENT",
        help=words,
    )  # fmt: skip


def prior_option(words: str) -> Option[Any]:
    """Return ``--prior``: published evidence, a topic of it, or a prior file."""
    return click.option("--prior", metavar="SOURCE", help=words)


def show_assumptions(path: Path, assumptions: Iterable[str]) -> None:
    """Print the assumptions about an input file on standard error."""
    for assumption in assumptions:
        echo(f"{path}: {assumption}", err=True)
