"""Ensembles of parameter sets that all reproduce the published numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import whole_of
from pretese.api.display import Shown
from simulate.scenario.ensemble import (
    MAX_MEMBERS,
    Ensemble,
    EnsembleFile,
    ensemble_for,
    ensemble_path,
    member_of,
)

if TYPE_CHECKING:
    import pandas as pd

    from pretese.api.simulation.scenarios import Scenario
    from simulate.scenario.load import LoadedScenario


@dataclass(frozen=True, slots=True, repr=False)
class ParameterSets(Shown):
    """An ensemble of parameter sets; read by `Scenario.ensemble`, made by `Calibration.ensemble`.

    Every set meets every calibration target within the sampling error of the published study: what
    is the same in all of them is what the published numbers fix.

    Attributes
    ----------
    file
        The record: values, and what each open number does to the effect.
    path
        Where it stands, or is to stand.
    """

    file: EnsembleFile
    path: Path

    def summary(self) -> str:
        """Return scenario, number of sets, and how many were proposed."""
        sets, proposed = len(self.file.worlds), self.file.proposed
        numbers = f"{len(self.file.paths)} numbers"
        return f"{self.file.scenario[:24]}, {sets} sets of {numbers}, {proposed} proposed"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as its file holds it."""
        return self.file.model_dump(mode="json")

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per set, one column per number of the scenario, named by its path."""
        import pandas as pd

        return pd.DataFrame(self.file.worlds, columns=list(self.file.paths))

    @property
    def open_numbers(self) -> "pd.DataFrame":
        """How far each number that no target identifies moves the true effect.

        One row each, the most influential first: ``number``, ``low``, ``high``; with it at each end
        and the calibrated numbers solved again, the true difference in any sperm in all patients,
        in percentage points (``difference_low``, ``difference_high``), ``span`` between them, and
        ``largest_misfit`` of a target, in standard errors of the published study.
        """
        import pandas as pd

        from pretese.article.ensemble.ensemble_view import open_number_rows

        return pd.DataFrame(open_number_rows(self.file))

    def write(self) -> Path:
        """Store the ensemble next to its scenario, and return the file."""
        from pretese.article.ensemble.ensemble_store import write_ensemble

        write_ensemble(self.path, self.file)
        return self.path

    def __str__(self) -> str:
        """Return what ``pretese calibrate --worlds`` prints."""
        from pretese.article.ensemble.ensemble_view import ensemble_page

        return ensemble_page(self.file)


def new_parameter_sets(
    loaded: "LoadedScenario", worlds: int, seed: int, workers: int, *, progress: bool
) -> ParameterSets:
    """Make an ensemble; `Calibration.ensemble` says more."""
    from functools import partial

    from pretese.article.ensemble.ensemble_run import make_ensemble
    from pretese.article.ensemble.ensemble_store import check_ensemble_place
    from pretese.screen.progress import optional_progress

    path = ensemble_path(loaded.path, loaded.path.stem)
    check_ensemble_place(path)
    bar = partial(optional_progress, wanted=progress)
    return ParameterSets(make_ensemble(loaded, worlds, seed, workers, bar), path)


def ensemble_of(scenario: "Scenario", worlds: int) -> Ensemble:
    """Return parameter sets for a scenario; numbers that the user changed stay as they are."""
    number = whole_of(worlds, "worlds", 2, MAX_MEMBERS)
    return ensemble_for(scenario.loaded, number, tuple(scenario.changes))


def members(scenario: "Scenario", number: int) -> "tuple[Scenario, ...]":
    """Return a scenario at its first parameter sets; `Scenario.worlds` says more."""
    return tuple(
        replace(
            scenario,
            loaded=member_of(scenario.loaded, changes),
            changes={**scenario.changes, **changes},
        )
        for changes in ensemble_of(scenario, number).changes
    )


def write_worlds(
    scenario: "Scenario",
    worlds: int,
    folder: str | Path,
    formats: str | Sequence[str] = ("csv",),
    *,
    patients: int | None = None,
    replicates: int = 1,
    seed: int = 1,
    data_errors: float = 0.0,
    exact_days: bool = False,
    progress: bool = True,
) -> "pd.DataFrame":
    """Write a cohort for each parameter set; `Scenario.simulate_worlds` says more."""
    import pandas as pd

    from pretese.api.simulation.cohorts import formats_of
    from pretese.cohort.ensemble_cohorts import write_ensemble_cohorts
    from pretese.screen.progress import optional_progress

    sets = members(scenario, worlds)
    requests = [
        each.simulate(patients, replicates, seed, data_errors, exact_days=exact_days).request
        for each in sets
    ]
    chosen = formats_of([formats] if isinstance(formats, str) else formats)
    values = pd.DataFrame([each.changes for each in sets])
    values.insert(0, "world", range(1, len(values) + 1))
    with optional_progress("parameter sets", progress) as tell:
        return write_ensemble_cohorts(requests, values, Path(folder), chosen, tell)
