"""`pretese recover`: which analyses are unbiased, and in which scenarios."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pretese.commands.option_names import options_named
from pretese.commands.options import (
    figures_option,
    json_option,
    mcse_option,
    out_option,
    part_option,
    plan_option,
    replicates_option,
    resume_option,
    scheduler_option,
    seed_option,
    workers_option,
)
from pretese.commands.parts import refuse_with_part, show_part
from pretese.io.text.json_text import print_json
from pretese.screen.endings import CheckFailedError

if TYPE_CHECKING:
    from pretese.api.analysis.recovery_result import Recovery


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@plan_option("Analysis plan (YAML) in place of the library's; without expected verdicts.")
@replicates_option(2, 100_000_000, 1000, "Simulated studies per scenario.")
@mcse_option(0.00005, "Add replicates until coverage and rejection")
@click.option(
    "--truth-patients", type=click.IntRange(1000, 1_000_000_000),
    help="Patients simulated for the true effects [default: the library's].",
)  # fmt: skip
@seed_option("the library's")
@out_option(
    "Folder for finished blocks, estimates, tables and figures.", "out/recover", extended=True
)
@resume_option
@part_option
@workers_option
@scheduler_option
@figures_option("Draw figures; with --no-figures a later run with --resume draws them.")
@json_option
def command(
    scenarios: tuple[str, ...],
    plan_path: Path | None,
    replicates: int,
    mcse: float | None,
    truth_patients: int | None,
    seed: int | None,
    out: Path,
    resume: bool,
    part: str | None,
    workers: int,
    scheduler: str | None,
    figures: bool,
    as_json: bool,
) -> None:
    """Check whether analyses recover an effect that is known by construction.

    Studies are simulated from each SCENARIO: a case or grid of the recovery library, a shipped
    scenario, or a file; the default is the whole library. Every study is analysed; the verdict on
    each method depends on bias and coverage. Exits with status 3 if a verdict differs from the one
    expected by the library.
    """
    from pretese.api.analysis.recoveries import recover, recover_part

    if part is not None:
        refuse_with_part(mcse=mcse, scheduler=scheduler)
        with options_named():
            show_part(
                recover_part(
                    part, scenarios, plan_path, out=out, replicates=replicates,
                    truth_patients=truth_patients, seed=seed, workers=workers,
                ),
                as_json=as_json,
            )  # fmt: skip
        return
    with options_named():
        found = recover(
            scenarios,
            plan_path,
            replicates=replicates,
            mcse=mcse,
            truth_patients=truth_patients,
            seed=seed,
            out=out,
            resume=resume,
            workers=workers,
            scheduler=scheduler,
            figures=figures,
        )
    if as_json:
        print_json(found.to_dict()["verdicts"])
    else:
        from pretese.recovery.results.recovery_view import show_recovery
        from pretese.recovery.work.transported_numbers import transported_of
        from pretese.screen.console import SafeConsole

        judgements, note = found.assessment.judgements, transported_of(found.study.spec).note
        show_recovery(SafeConsole(), judgements, found.replicates, out / "results", note)
    _check(found)


def _check(found: "Recovery") -> None:
    """Fail if a verdict differs from the expected one."""
    if unexpected := found.assessment.unexpected:
        first = unexpected[0]
        raise CheckFailedError(
            f"{len(unexpected)} of {len(found.assessment.judgements)} verdicts are "
            f"unexpected (first: {first.case}, {first.plan}, {first.method}, {first.scale}: "
            f"{first.verdict} {first.reason})"
        )
