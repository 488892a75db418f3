"""`pretese report`: a power study as one self-contained HTML page."""

from pathlib import Path

import click

from pretese.console import SafeConsole
from pretese.trial.report import render_report
from protocol.errors import InputError


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), help="File to write [FOLDER/report.html].")
def command(folder: Path, out: Path | None) -> None:
    """Write the report of FOLDER, which `pretese power --out` has made.

    It holds design, estimand, performance, looks, the exact rail, example trials drawn again from
    their seed, and a statement on the sample size for a protocol.
    """
    page = render_report(folder)
    target = out or folder / "report.html"
    try:
        target.write_text(page, encoding="utf-8")
    except OSError as error:
        problem = f"it cannot be written ({error.strerror})"
        raise InputError.of("--out", str(target), problem, "name another file") from None
    SafeConsole(stderr=True).print(f"report: {target}", highlight=False, soft_wrap=True)
