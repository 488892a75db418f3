"""`pretese report`: a power study as one self-contained HTML page."""

from pathlib import Path

import click

from pretese.commands.option_names import options_named
from pretese.commands.options import (
    out_file_option,
    prior_option,
    workers_option,
    worlds_option,
)
from pretese.commands.output_types import InputPath, OutputFile, WritingCommand


@click.command(cls=WritingCommand)
@click.argument("folder", type=InputPath())
@out_file_option(
    "File to write.  [default: FOLDER/report.html]", OutputFile(replaces=("report.html",))
)
@prior_option('Add the chapter "Evidence and beliefs" under published evidence ("evidence", '
              "a topic, or a prior file).")  # fmt: skip
@worlds_option()
@workers_option
def command(
    folder: Path, out: Path | None, prior: str | None, worlds: int | None, workers: int
) -> None:
    """Write the report of FOLDER, a study written by `pretese power --out`.

    The report contains design, estimand, performance, analyses, exact power, example trials
    simulated again from their seed, and a sample-size statement for a protocol. With --prior it
    also contains the studies behind a prior, the prior, the probability of success and what moves
    it; with --worlds too, bands over parameter sets that all reproduce the article.
    """
    from pretese.api.trials.power_parts import report
    from pretese.screen.console import SafeConsole

    with options_named():
        report(folder, out, prior=prior, worlds=worlds, workers=workers)
    target = out or folder / "report.html"
    SafeConsole(stderr=True).print(f"report: {target}", highlight=False, soft_wrap=True)
