"""Ensembles of parameter sets that all reproduce the published numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import whole_of
from pretese.api.display import Shown
from pretese.api.simulation.cohorts import Cohort, formats_of
from simulate.scenario.ensemble import (
    MAX_MEMBERS,
    Ensemble,
    EnsembleFile,
    ensemble_for,
    ensemble_path,
)

if TYPE_CHECKING:
    import pandas as pd

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
        """Influence of each number that no target identifies on the true effect.

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
    """Compute an ensemble; see `Calibration.ensemble`."""
    from functools import partial

    from pretese.article.ensemble.ensemble_run import make_ensemble
    from pretese.article.ensemble.ensemble_store import check_ensemble_place
    from pretese.screen.progress import optional_progress

    path = ensemble_path(loaded.path, loaded.path.stem)
    check_ensemble_place(path)
    bar = partial(optional_progress, wanted=progress)
    return ParameterSets(make_ensemble(loaded, worlds, seed, workers, bar), path)


def ensemble_of(loaded: "LoadedScenario", changes: Mapping[str, float], worlds: int) -> Ensemble:
    """Return parameter sets for a scenario; numbers that the user changed stay as they are."""
    number = whole_of(worlds, "worlds", 2, MAX_MEMBERS)
    return ensemble_for(loaded, number, tuple(changes))


def write_worlds(
    cohorts: Sequence[Cohort], folder: str | Path, formats: str | Sequence[str], *, progress: bool
) -> "pd.DataFrame":
    """Write the cohort of each parameter set; see `Scenario.simulate_worlds`."""
    import pandas as pd

    from pretese.cohort.ensemble_cohorts import write_ensemble_cohorts
    from pretese.screen.progress import optional_progress

    requests = [each.request for each in cohorts]
    chosen = formats_of([formats] if isinstance(formats, str) else formats)
    values = pd.DataFrame([dict(each.changes) for each in requests])
    values.insert(0, "world", range(1, len(values) + 1))
    with optional_progress("parameter sets", progress) as tell:
        return write_ensemble_cohorts(requests, values, Path(folder), chosen, tell)
