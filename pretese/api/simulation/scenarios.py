"""Scenarios of the public interface: simulate patients with known true effects."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import number_in_range, seed_of, whole_of
from pretese.api.arguments.argument_values import choice_of
from pretese.api.simulation.cohorts import Cohort, TrueEffects
from pretese.api.simulation.stated_scenario import StatedScenario
from pretese.cohort.cohort_folder import CohortRequest
from pretese.pictures.scenario_pictures import PICTURES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.api.simulation.clinic_results import CapacityAnswer, ClinicRun


@dataclass(frozen=True, slots=True, repr=False)
class Scenario(StatedScenario):
    """A scenario, solved and ready for simulation; returned by `pretese.scenario`."""

    def simulate(
        self,
        patients: int | None = None,
        replicates: int = 1,
        seed: int = 1,
        data_errors: float = 0.0,
        *,
        exact_days: bool = False,
    ) -> Cohort:
        """Return simulated studies with the observed data and the true effects.

        Parameters
        ----------
        patients
            Patients of each study; None takes the scenario's number.
        replicates
            Independent studies.
        seed
            Base seed of all random numbers.
        data_errors
            Percentage of patients (0 to 100) whose rows get each kind of data errors.
        exact_days
            Whether all events are on the days of the regimen. By default the
            tables are those of a clinic: dates, weekdays, hours, late visits and injections, and
            waits for surgery and ICSI. Results do not depend on it.

        Raises
        ------
        InputError
            An argument is out of range.

        Examples
        --------
        >>> import pretese
        >>> cohort = pretese.scenario("null").simulate(patients=40, replicates=2)
        >>> cohort.patients.groupby("study").size().tolist()
        [40, 40]
        >>> cohort.study(2)
        <Cohort: null, 40 patients, seed 1>
        """
        size = self.loaded.scenario.patients
        percent = number_in_range(data_errors, "data_errors", 0, 100)
        return Cohort(
            CohortRequest(
                self.loaded,
                self.changes,
                self.regimens,
                size if patients is None else whole_of(patients, "patients", 2, 10_000_000),
                whole_of(replicates, "replicates", 1, 1_000_000),
                seed_of(seed),
                percent,
                exact_days,
            )
        )

    def truth(
        self, patients: int = 1_000_000, seed: int = 1, worlds: int | None = None
    ) -> TrueEffects:
        """Return the true effects, counted over both potential outcomes of many patients.

        Parameters
        ----------
        patients
            Minimum number of patients; complete blocks are simulated. The only uncertainty is the
            Monte Carlo standard error of each effect.
        seed
            Base seed of all random numbers.
        worlds
            Parameter sets of the ensemble over which a band is given: the first so many of the
            stored ones, which share the patients, 20,000 each at least. None gives no band.

        Examples
        --------
        >>> import pretese
        >>> pretese.scenario("null").truth(patients=1000)
        <TrueEffects: null, 17 estimands over 1,000 patients, seed 1>
        """
        import pandas as pd

        from simulate.truth import estimands_of, population_effects, truth_table
        from simulate.user_defined_truth import user_defined_truth

        model = self.loaded.scenario
        number = whole_of(patients, "patients", 1, 1_000_000_000)
        base = seed_of(seed)
        if worlds is None:
            table = truth_table(population_effects(model, base, number), estimands_of(model))
        else:
            from pretese.cohort.ensemble_truth import truth_with_bands

            table = truth_with_bands(model, self._sets(worlds), number, base)
        added = user_defined_truth(model, seed, number)
        self.regimens.check()
        whole = pd.concat([table, added], ignore_index=True) if len(added) else table
        return TrueEffects(model.id, number, seed, whole, self.loaded.transported)

    def simulate_worlds(
        self,
        number: int,
        folder: str | Path,
        formats: str | Sequence[str] = ("csv",),
        *,
        progress: bool = True,
        **options: Any,
    ) -> "pd.DataFrame":
        """Write a cohort for each of the first parameter sets, as ``simulate --worlds`` does.

        Parameters
        ----------
        number
            Parameter sets.
        folder
            Holds ``world-001`` and so on, ``parameter_sets.csv`` and ``bands.csv``.
        formats, progress
            As in `Cohort.write`.
        **options
            As in `simulate`.

        Returns
        -------
        pandas.DataFrame
            Observed percentages: ``column``, ``percentage``, ``low``, ``median``, ``high``.
        """
        from pretese.api.simulation.parameter_sets import write_worlds

        cohorts = [each.simulate(**options) for each in self.worlds(number)]
        return write_worlds(cohorts, folder, formats, progress=progress)

    def plot(self, kind: str = "cohort", *, patient_number: int = 1, seed: int = 1) -> "Figure":
        """Return a picture of the scenario as a matplotlib figure.

        Parameters
        ----------
        kind
            ``patient``: hormones of a patient by the hour, with injections and decisions.
            ``cohort``: all patients by day, with doses. ``quartiles``: published and simulated.
            ``variance``: variance reduction by common random numbers.
        patient_number
            Which patient of the first study ``patient`` shows, from 1.
        seed
            Base seed of all random numbers.
        """
        draw = PICTURES[choice_of(kind, "kind", PICTURES)]
        number = whole_of(patient_number, "patient_number", 1, 10_000_000)
        return draw(self.loaded.scenario, seed_of(seed), number)

    def clinic(
        self,
        clinic: str | Path = "one-centre",
        *,
        patients: int | None = None,
        seed: int = 1,
        day: float | None = None,
        replicates: int | None = None,
        precision: float = 0.1,
        measure: str = "p90_wait_days",
        max_replicates: int = 40,
        workers: int = 1,
        out: str | Path | None = None,
        format: str = "csv",  # noqa: A002  as the option is called
        xes: bool = False,
        figures: bool = True,
        progress: bool = True,
    ) -> "ClinicRun":
        """Simulate the patients in a clinic with calendar, capacities and queues.

        Ctrl-C ends the run early and keeps the results up to then; a second Ctrl-C aborts.

        Parameters
        ----------
        clinic
            A shipped clinic, or the path of your own file.
        patients
            Patients simulated; None takes as many as the clinic's horizon needs.
        seed
            Base seed of all random numbers.
        day
            Tables and log as known at the end of this day; None takes the horizon.
        replicates
            Replicates; None continues until ``measure`` has the requested ``precision``.
        precision
            Half-width of the 95 % interval over the mean, above 0 up to 1.
        measure
            Measure to which ``precision`` applies.
        max_replicates
            Maximum number of replicates, 5 or more.
        workers
            Processes; the result does not depend on it. A script that asks for more than 1 needs
            ``if __name__ == "__main__":``.
        out, format, xes, figures
            Folder to write as `ClinicRun.write` does; it is checked before anything is simulated.
        progress
            Whether to show how far it is, on a terminal or in a notebook.

        Raises
        ------
        InputError
            There is no such clinic or measure, its file has faults, an argument is out of range,
            or the folder cannot be written.

        Examples
        --------
        >>> import pretese
        >>> pretese.scenario("paper").clinic("unlimited", patients=40, replicates=1)
        <ClinicRun: paper in unlimited, 1 replicates, seed 1>
        """
        from pretese.api.simulation.clinics import run_clinic_study

        wanted = clinic, patients, seed, max_replicates, workers, progress
        until = replicates, precision, measure
        written = out, format, xes, figures
        model = self.loaded.scenario
        return run_clinic_study(model, self.regimens, wanted, until, day, written)

    def capacity(
        self,
        solve: str,
        goal: str,
        *,
        clinic: str | Path = "one-centre",
        patients: int | None = None,
        seed: int = 1,
        max_replicates: int = 40,
        workers: int = 1,
        out: str | Path | None = None,
        progress: bool = True,
    ) -> "CapacityAnswer":
        """Find the smallest capacity of a clinic that meets a goal.

        Parameters
        ----------
        solve
            ``theatre_lists``, ``outpatient_slots``, ``oocyte_retrievals`` or
            ``hormone_analysers``.
        goal
            The goal, such as ``"p90_wait_days < 60"``.
        clinic, patients, seed
            As in `clinic`.
        max_replicates
            Maximum number of replicates per capacity.
        workers
            As in `clinic`.
        out
            Folder to write; it is checked before anything is simulated.
        progress
            As in `clinic`.
        """
        from pretese.api.simulation.clinics import answer_capacity

        wanted = clinic, patients, seed, max_replicates, workers, progress
        return answer_capacity(self.loaded.scenario, solve, goal, wanted, out)
