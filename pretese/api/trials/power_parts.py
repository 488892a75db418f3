"""Power studies that are kept in folders: parts computed apart, and the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import whole_of
from pretese.api.trials.designs import Design
from pretese.api.trials.trial_arguments import power_request
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load
    from pretese.jobs.storage.parts import PartDone


def power_part(
    designs: Sequence[Design],
    part: str,
    participants: Sequence[int] | None = None,
    effects: Sequence[float] | None = None,
    *,
    out: str | Path,
    target_power: float | None = None,
    replicates: int = 2000,
    seed: int = 1,
    sensitivity: Mapping[str, Sequence[float]] | None = None,
    tornado: bool = False,
    changes: Mapping[str, float] | None = None,
    patient_level: bool = False,
    workers: int = 1,
    progress: bool = True,
) -> "PartDone":
    """Simulate one part of the trials that `Design.power` simulates with the same arguments.

    Parts may be computed at the same time, and on machines that share no disk. `Design.power`
    with ``resume`` then finds them in ``OUT.parts`` and joins them.

    Parameters
    ----------
    designs
        The design, and others that are compared with it.
    part
        ``"I/N"``: part I of N, counted from 1. A part that was interrupted continues.
    target_power, tornado
        Refused if given: what they simulate depends on earlier results.
    participants, effects, out, replicates, seed, sensitivity, changes, patient_level, workers, progress
        As in `Design.power`.

    Raises
    ------
    InputError
        As in `Design.power`; or ``part`` is not of the form I/N.
    """  # noqa: E501  numpydoc takes the names of parameters on one line
    from pretese.jobs.storage.parts import read_part
    from pretese.trial.run_power import run_power_part

    if type(designs[0]) is not Design and len(designs) == 1:
        from pretese.api.trials.multi_arm_trial import MultiArmTrial

        if isinstance(designs[0], MultiArmTrial):
            return designs[0].power_part(
                part, participants, effects, out=out, target_power=target_power,
                replicates=replicates, seed=seed, changes=changes, patient_level=patient_level,
                workers=workers, progress=progress, sensitivity=sensitivity, tornado=tornado,
            )  # fmt: skip
    for each in designs:
        if type(each) is not Design:
            cure = "leave it out, and use workers or a scheduler; give several treatments alone"
            problem = f"{each.id} has several treatments or is Bayesian: it has no parts"
            raise InputError.of("part", "", problem, cure)
    request = power_request(
        participants, effects, target_power, replicates, seed, sensitivity, changes, tornado,
        patient_level=patient_level or len(designs) > 1,
    )  # fmt: skip
    return run_power_part(
        [(each._file, each.text) for each in designs],
        request,
        read_part(part),
        out=Path(out),
        workers=whole_of(workers, "workers", 1, 256),
        show_progress=progress,
    )


def report(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    prior: str | Path | None = None,
    worlds: int | None = None,
    workers: int = 1,
) -> str:
    """Write the report of a power study that was kept in a folder.

    Parameters
    ----------
    folder
        The folder given to `Design.power` or ``pretese power`` as ``out``.
    out
        File to write; ``report.html`` in the folder by default.
    prior
        Adds the chapter "Evidence and beliefs" under this prior, as `Design.forecast` takes it; by
        default that which a design names.
    worlds, workers
        With ``prior``: parameter sets over which that chapter gives bands, and processes.

    Returns
    -------
    str
        The page, self-contained HTML.

    Raises
    ------
    InputError
        There is no power study in the folder, or the file cannot be written.
    """
    from pretese.io.output.atomic_file import check_file, write_file
    from pretese.io.output.manifest import add_to_manifest
    from pretese.trial.power.study import BAYESIAN_SCHEMA, MULTI_ARM_SCHEMA
    from pretese.trial.report.power_report import read_study, render_report

    folder = Path(folder)
    target = folder / "report.html" if out is None else Path(out)
    if worlds is not None and prior is None:
        problem = "parameter sets are shown in the chapter on evidence and beliefs"
        raise InputError.of("worlds", "", problem, "give a prior too")
    if folder.is_dir():  # otherwise the message of the reader is more informative
        check_file(target, "out")
    results = folder / "results" if (folder / "results").is_dir() else folder
    document = read_study(results)
    if document["schema"] == MULTI_ARM_SCHEMA:
        from pretese.trial.multi_arm.results.report import render_arms_folder

        if prior is not None:
            problem = "a design of several arms has no forecast"
            raise InputError.of("prior", "", problem, "give a prior for a design of two arms")
        page = render_arms_folder(results, document)
    elif document["schema"] == BAYESIAN_SCHEMA:
        from pretese.trial.bayesian.results.report import render_bayesian_folder

        page = render_bayesian_folder(results, document)
    else:
        beliefs = _beliefs(results, document, prior, worlds, workers)
        page = render_report(folder, beliefs)
    write_file(target, page, "out")
    if out is None:  # part of the result, so that the study can be extended later
        add_to_manifest(folder, target.name)
    return page


def _beliefs(
    results: Path, document: dict[str, Any], asked: str | Path | None, worlds: int | None,
    workers: int,
) -> dict[str, Any] | None:  # fmt: skip
    """Return the chapter on evidence and beliefs for each design with a prior; None without one."""
    from pretese.api.trials.forecasts import PILOT, forecast_of
    from pretese.literature.prior_source import prior_source
    from pretese.trial.design.design_reader import read_design
    from pretese.trial.report.beliefs import Beliefs, belief_chapter
    from protocol.reading.documents import read_text

    found = {}
    for each in document["designs"]:
        prior = asked or each["prior"]
        if prior is None:
            continue
        path = results / f"{each['id']}.yaml"
        design, text = read_design(path)[0], read_text(path)
        size = design.participants  # the first is looked into
        sizes = (size, size // 2, 2 * size)
        made = forecast_of(design, text, prior, sizes, PILOT, worlds, workers)
        sets = None if made.article is None else made.article.result
        pooled = prior_source(prior).pooled
        believed = Beliefs(made.prior, made.plan, made.result, made.endpoint, pooled, sets)
        found[design.id] = belief_chapter(believed)
    return found or None
