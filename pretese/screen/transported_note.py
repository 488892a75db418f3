"""Console note on numbers that are transported from other patients or doses."""

from rich.console import Console

from pretese.screen.console import SafeConsole
from simulate.scenario.transported import Transported


def show_transported(found: Transported, where: str, console: Console | None = None) -> None:
    """Print how many numbers are transported, to whom, and where they are listed.

    Parameters
    ----------
    where
        A sentence that names the list.
    console
        None takes standard error.
    """
    if found.numbers:
        shown = console or SafeConsole(stderr=True)
        shown.print(f"{found.note} {where}", style="dim", highlight=False)
