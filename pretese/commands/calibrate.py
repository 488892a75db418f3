"""`pretese calibrate`: solve a scenario's calibrated parameters and store the certificate."""

import click
from rich.table import Table

from pretese.article.calibration.problem import pose
from pretese.article.calibration.solve import calibrate
from pretese.article.calibration.store import check_certificate_place, write_certificate
from pretese.article.calibration.verdict import LIMIT, certify, check
from pretese.article.published import load_published
from pretese.commands.options import seed_option
from pretese.screen.console import SafeConsole
from pretese.screen.endings import CheckFailedError
from pretese.screen.progress import progress
from protocol.errors import InputError
from simulate.scenario.calibration_record import Certificate
from simulate.scenario.load import load


@click.command()
@click.argument("scenario")
@click.option("--check", "only_check", is_flag=True, help="Test the stored certificate.")
@click.option(
    "--studies",
    type=click.IntRange(50, 1_000_000),
    default=1000,
    show_default=True,
    help="Studies drawn by --check.",
)
@seed_option(words="Base seed of --check.")
def command(scenario: str, only_check: bool, studies: int, seed: int) -> None:
    """Solve the calibrated parameters of SCENARIO (a shipped name or a file).

    Draws thousands of studies with common random numbers, moves the parameters until the targets
    come out, and stores what was achieved in certificates/ beside the scenario. Exit code 3 if a
    target is missed by more than 3 Monte Carlo standard errors.
    """
    if only_check:
        _check(scenario, studies, seed)
        return
    loaded = load(scenario, need_record=False)
    parsed = loaded.unsolved
    if not loaded.free:
        told = "it has no calibrated parameter of its own" + (
            f"; {parsed.extends} has" if parsed.extends else ""
        )
        raise InputError.of(str(loaded.path), "", told, "nothing needs to be solved here")
    place = loaded.record_path
    check_certificate_place(place)
    problem = pose(parsed, load_published(parsed.published), loaded.free, str(loaded.path))
    with progress("calibrating") as tell:
        point, identified, drawn = calibrate(problem, lambda what, i, of: tell(i, of, what))
    certificate = certify(problem, point, identified, drawn)
    _show(certificate)
    write_certificate(place, certificate)


def _check(name: str, studies: int, seed: int) -> None:
    loaded = load(name)
    scenario, stored = loaded.scenario, loaded.records[0]
    problem = pose(
        loaded.unsolved, load_published(scenario.published), loaded.free, str(loaded.path)
    )
    with progress("checking") as tell:
        tell(0, 1, f"drawing {studies} studies")
        fresh = check(problem, scenario, studies, seed)
    _show(stored.model_copy(update={"targets": fresh, "studies": studies, "seed": seed}))


def _show(certificate: Certificate) -> None:
    """Print the targets furthest off, the parameters no target sees, and the verdict."""
    console = SafeConsole()
    missed = {n: t for n, t in certificate.targets.items() if t.must_match and t.distance > LIMIT}
    worst = sorted(certificate.targets.items(), key=lambda item: -item[1].distance)[:12]
    table = Table(title=f"{certificate.scenario}: {len(certificate.targets)} targets, worst first")
    for heading in ("target", "published", "simulated", "MC SE", "z"):
        table.add_column(heading, justify="left" if heading == "target" else "right")
    for name, target in worst:
        numbers = (target.published, target.simulated, target.monte_carlo_se, target.distance)
        table.add_row(name, *(f"{number:.4g}" for number in numbers))
    console.print(table)
    unseen = [name for name, solved in certificate.parameters.items() if not solved.identified]
    console.print(
        f"{len(certificate.parameters)} parameters; the targets identify all of them"
        if not unseen
        else f"not identified by the targets, left near their start: {', '.join(unseen)}"
    )
    if missed:
        raise CheckFailedError(
            f"{len(missed)} of {len(certificate.targets)} targets lie more than {LIMIT:g} Monte "
            f"Carlo standard errors off: {', '.join(missed)}"
        )
    console.print(
        f"all targets within {LIMIT:g} Monte Carlo standard errors at {certificate.studies} studies"
    )
