"""One part of the simulated trials of a power study, computed apart."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
