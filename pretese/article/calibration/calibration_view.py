"""A calibration record on the console."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from pretese.article.calibration.calibration_run import missed_targets
from pretese.article.calibration.verdict import LIMIT
from pretese.screen.transported_note import show_transported
from simulate.scenario.calibration_record import CalibrationRecord


def show_record(console: Console, record: CalibrationRecord) -> None:
    """Print the largest deviations, the parameters not identified, and success."""
    worst = sorted(record.targets.items(), key=lambda item: -item[1].distance)[:12]
    count = f"{len(record.targets)} target{'s' * (len(record.targets) != 1)}"
    table = Table(
        title=f"{record.scenario}: {count}, largest deviation first",
        box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True,
    )  # fmt: skip
    for heading in ("target", "published", "simulated", "MCSE", "z"):
        table.add_column(heading, justify="left" if heading == "target" else "right")
    for name, target in worst:
        numbers = (target.published, target.simulated, target.mcse, target.distance)
        table.add_row(name, *(f"{number:.4g}" for number in numbers))
    console.print(table)
    unseen = [name for name, solved in record.parameters.items() if not solved.identified]
    console.print(
        "the targets identify every parameter"
        if not unseen
        else f"not identified by the targets, left near their start: {', '.join(unseen)}"
    )
    if not missed_targets(record):
        console.print(
            f"all targets within {LIMIT:g} Monte Carlo standard errors "
            f"({record.replicates} replicates)"
        )
    show_transported(record.transported, "The calibration record lists them.", console)


def failure(record: CalibrationRecord) -> str:
    """Return the missed targets in a sentence; empty if there are none."""
    missed = missed_targets(record)
    if not missed:
        return ""
    return (
        f"{len(missed)} of {len(record.targets)} targets lie more than {LIMIT:g} Monte "
        f"Carlo standard errors off: {', '.join(missed)}"
    )
