"""A scenario as it is stated: its numbers, and the parameter sets of its ensemble."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pretese.api.display import Shown
from pretese.io.input.regimen_files import RegimenFiles
from protocol.shorten import shorten_text
from simulate.scenario.load import LoadedScenario
from simulate.scenario.parameter_paths import parameters

if TYPE_CHECKING:
    import pandas as pd

    from pretese.api.simulation.parameter_sets import ParameterSets
    from simulate.scenario.ensemble import Ensemble


@dataclass(frozen=True, slots=True, repr=False)
class StatedScenario(Shown):
    """A scenario with its files; `pretese.api.simulation.scenarios.Scenario` simulates it.

    Attributes
    ----------
    loaded
        The loaded scenario, with the hashes of its files and calibration records.
    changes
        The numbers that were replaced.
    regimens
        Regimen files of its arms, which must not change until the results are written.
    """

    loaded: LoadedScenario
    changes: Mapping[str, float]
    regimens: RegimenFiles

    def summary(self) -> str:
        """Return name, size and the regimens of both arms."""
        model = self.loaded.scenario
        arms = " against ".join(
            shorten_text(Path(model.arms[arm].regimen).stem, 20) for arm in ("treated", "untreated")
        )
        return f"{shorten_text(model.id, 20)}, {model.patients:,} patients, {arms}"

    def to_dict(self) -> dict[str, Any]:
        """Return name, question, expected finding, hashes, changed and transported numbers."""
        model = self.loaded.scenario
        return {
            "scenario": model.id,
            "question": model.question,
            "expected_finding": model.expected_finding,
            "patients": model.patients,
            "sha256": self.loaded.sha256,
            "mechanism_sha256": self.loaded.mechanism_sha256,
            "changed": dict(self.changes),
            "transported": self.loaded.transported.model_dump(mode="json"),
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return every number of the scenario: path, value, unit, status, source."""
        import pandas as pd

        rows = [
            {"path": path, "value": n.value, "unit": n.unit, "status": n.status, "source": n.source}
            for path, n in parameters(self.loaded.scenario).items()
        ]
        return pd.DataFrame(rows)

    def ensemble(self) -> "ParameterSets":
        """Return the ensemble of parameter sets of the scenario, or of the one that it extends.

        Raises
        ------
        InputError
            None is stored, or its scenario changed after it was made.
        """
        from pretese.api.simulation.parameter_sets import ParameterSets

        found = self._sets(2)
        return ParameterSets(found.file, found.path)

    def worlds(self, number: int) -> tuple[Self, ...]:
        """Return the scenario at the first parameter sets of its ensemble.

        Each reproduces the published numbers; together they show what these leave open.

        Parameters
        ----------
        number
            Parameter sets, from 2 to as many as are stored.

        Examples
        --------
        >>> import pretese
        >>> first, second = pretese.scenario("paper").worlds(2)
        >>> second.simulate(patients=30)
        <Cohort: paper, 30 patients, seed 1>
        """
        from simulate.scenario.ensemble import member_of

        return tuple(
            replace(self, loaded=member_of(self.loaded, values),
                    changes={**self.changes, **values})
            for values in self._sets(number).changes
        )  # fmt: skip

    def _sets(self, number: int) -> "Ensemble":
        from pretese.api.simulation.parameter_sets import ensemble_of

        return ensemble_of(self.loaded, self.changes, number)
