"""`pretese.fit_scenario`: a scenario fitted to a clinic's own table of patients."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import seed_of, whole_of
from pretese.api.display import Shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.api.simulation.scenarios import Scenario
    from pretese.fitting.fitted_scenario import FittedScenario

#: Bootstrap resamples: minimum, maximum and default.
MIN_RESAMPLES, MAX_RESAMPLES, RESAMPLES = 20, 10_000, 200


@dataclass(frozen=True, slots=True, repr=False)
class ScenarioFit(Shown):
    """A scenario fitted to a table; returned by `pretese.fit_scenario`.

    ``str`` is the page that ``pretese fit`` prints, `to_dict` its ``--json``.

    Attributes
    ----------
    result
        The fit: numbers, intervals, comparison.
    """

    result: "FittedScenario"

    @property
    def scenario(self) -> "Scenario":
        """The fitted scenario: simulate patients, count true effects, run a clinic."""
        from pretese.api.simulation.scenarios import Scenario
        from pretese.io.input.regimen_files import regimen_files

        loaded = self.result.loaded
        return Scenario(loaded, {}, regimen_files(loaded.scenario))

    def to_yaml(self) -> str:
        """Return the scenario file."""
        return self.result.text

    def write(self, folder: str | Path) -> None:
        """Write the scenario file, ``realism.html`` and ``fit.json`` into a folder.

        Raises
        ------
        InputError
            The folder cannot be written, or contains other files.
        """
        from pretese.fitting.report.fit_folder import write_fit
        from pretese.io.output.result_folder import result_folder

        with result_folder(Path(folder), "folder") as place:
            write_fit(self.result, place)

    def plot(self) -> "Figure":
        """Return distributions and correlations of real and synthetic patients."""
        from pretese.fitting.fitted_scenario import simulated_patients
        from pretese.fitting.report.realism_figure import draw_realism

        found = self.result
        return draw_realism(found, simulated_patients(found.loaded, found.seed))

    def summary(self) -> str:
        """Return the name, the size of the table, and the classifier's area under the curve."""
        found = self.result
        apart = found.realism.separation
        size = f"{found.patients.size:,} patients"
        auc = f"AUC {apart.auc:.2f} ({apart.conf_low:.2f} to {apart.conf_high:.2f})"
        return f"{found.chosen.id[:24]}, {size}, {auc}"

    def to_dict(self) -> dict[str, Any]:
        """Return numbers with intervals, the comparison, and assumptions about the table."""
        from pretese.fitting.report.fit_document import fit_document

        return fit_document(self.result)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per estimated number.

        Returns
        -------
        pandas.DataFrame
            ``number`` (dotted path), ``unit``, ``value``, ``conf_low``, ``conf_high`` (95 %).
        """
        import pandas as pd

        from pretese.fitting.report.fit_document import number_rows

        return pd.DataFrame(number_rows(self.result))

    def __str__(self) -> str:
        """Return the comparison as a page of text."""
        from pretese.fitting.report.fit_view import fit_page

        return fit_page(self.result)


def fit_scenario(
    data: str | Path,
    mapping: str | Path | Mapping[str, Any] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 1,
    progress: bool = True,
) -> ScenarioFit:
    """Fit a scenario to a clinic's table of patients, and compare both.

    Distributions, correlations, missing values, choice of therapy, sperm findings and live births
    are estimated from the table; everything else is inherited from the scenario that is extended.
    The effect of therapy in the fitted scenario is an association, adjusted for the mapped
    variables, unless patients were randomised.

    Parameters
    ----------
    data
        A table with one row per patient: text, Excel, SPSS, Stata, SAS or Parquet.
    mapping
        The meaning of columns: a YAML file, or a mapping with the same content; None if the columns
        have the names of a simulated table.
    resamples
        Of the bootstrap, 20 to 10,000.
    seed
        Of the bootstrap and of the simulated patients.
    progress
        Whether to show how far it is, on a terminal or in a notebook.

    Raises
    ------
    InputError
        The table or the map cannot be used, or there are too few patients.

    Examples
    --------
    >>> import pretese, tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> table = folder / "patients.csv"
    >>> columns = ["gonadotropin_therapy", "age_years", "fsh_iu_l", "sperm_retrieved"]
    >>> patients = pretese.scenario("paper").simulate(patients=200).patients[columns]
    >>> patients.to_csv(table, index=False)
    >>> found = pretese.fit_scenario(table, resamples=20)
    >>> found.scenario
    <Scenario: fitted, 200 patients, fsh-guided against no-therapy>
    """
    from pretese.fitting.fitted_scenario import fit_table as fit
    from pretese.fitting.table.column_map import ColumnMap
    from pretese.screen.progress import optional_progress
    from protocol.reading.documents import validate

    if isinstance(mapping, Mapping):
        chosen: ColumnMap | Path | None = validate(dict(mapping), ColumnMap, "mapping")
    else:
        chosen = None if mapping is None else Path(mapping)
    number = whole_of(resamples, "resamples", MIN_RESAMPLES, MAX_RESAMPLES)
    with optional_progress("resamples of the bootstrap", progress) as tell:
        return ScenarioFit(fit(Path(data), chosen, number, seed_of(seed), tell))
