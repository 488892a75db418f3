"""`pretese report`: a power study as one self-contained HTML page."""

from pathlib import Path

import click

from pretese.io.output.atomic_file import check_file, write_file
from pretese.io.output.manifest import add_to_manifest
from pretese.screen.console import SafeConsole
from pretese.trial.report.power_report import render_report


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write [FOLDER/report.html].")
def command(folder: Path, out: Path | None) -> None:
    """Write the report of FOLDER, which `pretese power --out` has made.

    It holds design, estimand, performance, looks, the exact rail, example trials drawn again from
    their seed, and a statement on the sample size for a protocol.
    """
    target = out or folder / "report.html"
    if folder.is_dir():  # else the message of what cannot be read is the better one
        check_file(target, "--out")
    page = render_report(folder)
    write_file(target, page, "--out")
    if out is None:  # a part of the result from now on, so that the study may be extended later
        add_to_manifest(folder, target.name)
    SafeConsole(stderr=True).print(f"report: {target}", highlight=False, soft_wrap=True)
