"""The calibration of a scenario, as `pretese.calibrate` computes and checks it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import seed_of, whole_of
from pretese.api.display import Shown
from protocol.errors import InputError
from protocol.shorten import shorten_text
from simulate.scenario.ensemble import MAX_MEMBERS
from simulate.scenario.load import LoadedScenario, load

if TYPE_CHECKING:
    import pandas as pd

    from pretese.api.simulation.parameter_sets import ParameterSets
    from simulate.scenario.calibration_record import CalibrationRecord


def calibrate(
    scenario: str | Path,
    *,
    check: bool = False,
    replicates: int = 1000,
    seed: int = 1,
    progress: bool = True,
) -> "Calibration":
    """Solve the calibrated numbers of a scenario, or check its stored calibration record.

    Thousands of studies are simulated with common random numbers, and the parameters are adjusted
    until the targets are met. This takes minutes for the article's scenario.

    Parameters
    ----------
    scenario
        A shipped scenario, or the path of your own file.
    check
        Test the stored record on fresh replicates instead.
    replicates, seed
        Simulated studies of ``check`` (at least 50), and their base seed.
    progress
        Whether to show how far it is, on a terminal or in a notebook.

    Returns
    -------
    Calibration
        The solution; `Calibration.write` stores it.

    Raises
    ------
    InputError
        There are no parameters to solve, no record to check, or the record cannot be stored.

    Examples
    --------
    >>> import pretese
    >>> found = pretese.calibrate("literature-null", check=True, replicates=50)
    >>> found
    <Calibration: literature-null, 1 of 1 targets met, 50 studies, seed 1>
    """
    from pretese.article.calibration.calibration_run import check_record, solve_scenario
    from pretese.screen.progress import optional_progress

    number, base = whole_of(replicates, "replicates", 50, 1_000_000), seed_of(seed)
    loaded = load(scenario, need_record=check)
    bar: Callable[[str], Any] = partial(optional_progress, wanted=progress)
    if check:
        return Calibration(loaded, check_record(loaded, number, base, bar), is_new=False)
    return Calibration(loaded, solve_scenario(loaded, bar), is_new=True)


@dataclass(frozen=True, slots=True, repr=False)
class Calibration(Shown):
    """Solved numbers of a scenario, and its targets; returned by `pretese.calibrate`.

    ``record`` is the calibration record; ``is_new`` is true if it was solved in this call.
    """

    loaded: LoadedScenario
    record: "CalibrationRecord"
    is_new: bool

    @property
    def targets(self) -> "pd.DataFrame":
        """One row per target: published, simulated, Monte Carlo standard error, z, must match."""
        import pandas as pd

        rows = [{"target": n, **t.model_dump()} for n, t in self.record.targets.items()]
        return pd.DataFrame(rows)

    @property
    def parameters(self) -> "pd.DataFrame":
        """One row per solved number: path, value, start, unit, source, whether identified."""
        import pandas as pd

        rows = [{"parameter": n, **p.model_dump()} for n, p in self.record.parameters.items()]
        return pd.DataFrame(rows)

    @property
    def missed(self) -> tuple[str, ...]:
        """Targets that must match and lie beyond 3 Monte Carlo standard errors."""
        from pretese.article.calibration.calibration_run import missed_targets

        return missed_targets(self.record)

    def write(self) -> Path:
        """Store a new calibration next to its scenario, and return the file.

        Raises
        ------
        InputError
            It misses a target, or was only checked; the stored record is unchanged.
        """
        from pretese.article.calibration.store import write_calibration_record

        name = str(self.loaded.path)
        if not self.is_new:
            raise InputError.of(name, "", "its record was only checked", "calibrate without check")
        if self.missed:
            problem = f"targets are missed: {', '.join(self.missed)}"
            raise InputError.of(name, "", problem, "give other targets, or more numbers to solve")
        write_calibration_record(self.loaded.record_path, self.record)
        return self.loaded.record_path

    def ensemble(
        self, worlds: int = 200, *, seed: int = 1, workers: int = 1, progress: bool = True
    ) -> "ParameterSets":
        """Return an ensemble of parameter sets that all meet every target.

        Assumed numbers are drawn from their ranges, calibrated ones from their posterior given the
        targets with the sampling error of one study, and each set is tested by simulation. Takes
        about 15 minutes on two processors for 200 sets of the article's scenario.

        Parameters
        ----------
        worlds
            Parameter sets.
        seed
            Base seed of the draws.
        workers
            Processes; the result does not depend on it.
        progress
            Whether to show how far it is, on a terminal or in a notebook.

        Raises
        ------
        InputError
            The scenario extends another, nothing in it is open, or too few sets meet the targets.
        """
        from pretese.api.simulation.parameter_sets import new_parameter_sets

        number, base = whole_of(worlds, "worlds", 2, MAX_MEMBERS), seed_of(seed)
        processes = whole_of(workers, "workers", 1, 256)
        return new_parameter_sets(self.loaded, number, base, processes, progress=progress)

    def summary(self) -> str:
        """Return scenario, targets met, and the number of studies."""
        record = self.record
        met = f"{len(record.targets) - len(self.missed)} of {len(record.targets)} targets met"
        size = f"{record.replicates:,} studies, seed {record.seed}"
        return f"{shorten_text(record.scenario, 20)}, {met}, {size}"

    def to_dict(self) -> dict[str, Any]:
        """Return the record in the form of its file."""
        return self.record.model_dump(mode="json")

    def to_frame(self) -> "pd.DataFrame":
        """Return `targets`."""
        return self.targets
