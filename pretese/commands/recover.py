"""`pretese recover`: which analyses find the true effect, and in which scenarios."""

from itertools import groupby
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pretese.commands.options import NumberRange, seed_option
from pretese.io.text.json_text import plain, print_json
from pretese.io.text.rounding_rule import rounded_document
from pretese.jobs.execute import resumable, study_crew
from pretese.jobs.folder import study_folder
from pretese.recovery.design.library import choose
from pretese.recovery.design.study_spec import StudyPlan
from pretese.recovery.results.assess import Assessment
from pretese.recovery.results.verdicts import SHORT, Judgement
from pretese.recovery.run_recovery import prepare, run_study, write_results
from pretese.screen.console import SafeConsole
from pretese.screen.endings import CheckFailedError
from pretese.screen.progress import progress
from protocol.reading.documents import read_document

#: Replicates from which a run that looks for a precision begins.
FIRST_LOOK = 400


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option(
    "--plan", "plan_path", type=click.Path(path_type=Path),
    help="Analysis plan (YAML) in place of the library's; nothing is claimed of its methods.",
)  # fmt: skip
@click.option(
    "--replicates", type=click.IntRange(2, 100_000_000), default=1000, show_default=True,
    help="Simulated studies per scenario.",
)  # fmt: skip
@click.option(
    "--mcse", type=NumberRange(0.00005, 0.1),
    help="Go on until coverage and rejection have this Monte Carlo standard error everywhere.",
)  # fmt: skip
@click.option(
    "--truth-men", type=click.IntRange(1000, 1_000_000_000),
    help="Men over whom true population effects are averaged [the library's].",
)  # fmt: skip
@seed_option(None, "Base seed of all random numbers [the library's].")
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("out/recover"), show_default=True,
    help="Folder for blocks of finished work, estimates, tables and figures.",
)  # fmt: skip
@click.option("--resume", is_flag=True, help="Continue, or extend, the study in --out.")
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True,
    help="Processes; the result does not depend on it.",
)  # fmt: skip
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler to use in place of --workers.")
@click.option(
    "--figures/--no-figures", default=True, show_default=True,
    help="Draw figures, or leave them to a later run with --resume.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the verdicts as one JSON document.")
def command(
    scenarios: tuple[str, ...],
    plan_path: Path | None,
    replicates: int,
    mcse: float | None,
    truth_men: int | None,
    seed: int | None,
    out: Path,
    resume: bool,
    workers: int,
    scheduler: str | None,
    figures: bool,
    as_json: bool,
) -> None:
    """Simulate studies whose truth is known, analyse each, and judge every method.

    SCENARIO is a case or grid of the recovery library, a shipped scenario, or a file; without one
    the whole library runs. Exit code 3 if a verdict is not the one that the library claims.
    """
    plan = read_document(plan_path, StudyPlan) if plan_path else None
    study = prepare(choose(scenarios, plan, seed, truth_men))
    with (
        study_crew("recovery", workers, scheduler) as crew,
        study_folder(study.record(), out, resume) as store,
        resumable(out, "finished blocks"),
        progress("recovery") as tell,
    ):
        done = run_study(study, store, replicates, mcse, crew, tell)
        tell(0, 1, "tables and figures")
        found = write_results(study, store, done, out, figures)
    if as_json:
        print_json(rounded_document(plain(found.judgements)))
    else:
        _show(SafeConsole(), found, done, out)
    if found.surprises:
        first = found.surprises[0]
        raise CheckFailedError(
            f"{len(found.surprises)} of {len(found.judgements)} verdicts are not what was claimed "
            f"(first: {first.case}, {first.plan}, {first.method}, {first.scale}: {first.verdict} "
            f"{first.reason})"
        )


def _show(console: Console, found: Assessment, replicates: int, out: Path) -> None:
    for (case, plan), group in groupby(found.judgements, lambda each: (each.case, each.plan)):
        table = Table(title=f"{case}, {plan}", title_justify="left", box=None, pad_edge=False)
        table.add_column("method", overflow="fold")
        table.add_column("", no_wrap=True)
        for heading in ("truth", "bias", "MCSE", "cover", "MCSE"):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column("verdict", no_wrap=True)
        for each in group:
            table.add_row(*_cells(each))
        console.print(table, highlight=False)
        console.print()
    console.print(
        f"{replicates} replicates per scenario. Truth: the effect in the population (PATE); bias "
        "in standard errors of the estimate; coverage in percent; MCSE: Monte Carlo error.",
        style="dim",
    )
    console.print(f"Estimates, tables and figures: {out / 'results'}", soft_wrap=True)


def _cells(each: Judgement) -> tuple[str | Text, ...]:
    return (
        each.method,
        SHORT[each.scale],
        f"{each.truth:z.3f}",
        f"{each.bias / each.empirical_se:+z.2f}",
        f"{each.bias_mcse / each.empirical_se:.2f}",
        f"{100 * each.coverage:.1f}",
        f"{100 * each.coverage_mcse:.1f}",
        _verdict(each),
    )


def _verdict(each: Judgement) -> str | Text:
    if each.surprise:
        return Text(f"{each.verdict.upper()}, unclaimed", style="red")
    if each.verdict == "undecided":
        return "undecided"
    if each.claim == "none":
        return f"({each.verdict})"
    return f"{each.verdict} (claimed)" if each.claim == "fails" else each.verdict
