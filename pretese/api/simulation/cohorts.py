"""Simulated patients of the public interface: cohorts and their true effects."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import whole_of
from pretese.api.display import Shown
from pretese.cohort.cohort_folder import CohortRequest, write_cohort
from protocol.errors import InputError
from protocol.shorten import shorten, shorten_text

if TYPE_CHECKING:
    import pandas as pd

    from pretese.jobs.storage.parts import PartDone
    from simulate.scenario.transported import Transported


@dataclass(frozen=True, slots=True, repr=False)
class Cohort(Shown):
    """Simulated studies; returned by `Scenario.simulate`.

    Simulation is lazy: tables are built and cached on first use, and `write` simulates in slices,
    so that cohorts of any size can be written. The same scenario, seed and sizes always give the
    same values.

    With several replicates every table has a first column ``study``, counted from 1. Days count
    from enrolment, months from 1; units are part of the column names (``fsh_iu_l``).
    """

    request: CohortRequest
    _built: dict[str, "pd.DataFrame"] = field(default_factory=dict, compare=False)

    @property
    def tables(self) -> dict[str, "pd.DataFrame"]:
        """Every table by name: observed tables, ``truth``, and labels of data errors."""
        if not self._built:
            self._built.update(self.request.tables())
        return dict(self._built)

    @property
    def patients(self) -> "pd.DataFrame":
        """One row per patient: baseline, therapy, and outcomes."""
        return self.tables["patients"]

    @property
    def visits(self) -> "pd.DataFrame":
        """One row per visit: month, day, and hormones at the end of the month before."""
        return self.tables["visits"]

    @property
    def injections(self) -> "pd.DataFrame":
        """One row per injection: day, drug and dose."""
        return self.tables["injections"]

    @property
    def procedures(self) -> "pd.DataFrame":
        """One row per semen analysis, micro-TESE and ICSI, with its result."""
        return self.tables["procedures"]

    @property
    def operations(self) -> "pd.DataFrame":
        """One row per micro-TESE: duration, testes opened, complication."""
        return self.tables["operations"]

    @property
    def cycles(self) -> "pd.DataFrame":
        """One row per ICSI cycle: oocytes, zygotes, embryos."""
        return self.tables["cycles"]

    @property
    def transfers(self) -> "pd.DataFrame":
        """One row per embryo transfer, with its outcome."""
        return self.tables["transfers"]

    @property
    def truth(self) -> "pd.DataFrame":
        """One row per patient: potential outcomes in both arms, propensity, strata."""
        return self.tables["truth"]

    @property
    def data_errors(self) -> "pd.DataFrame":
        """One row per cell into which an error was introduced, with its kind.

        Raises
        ------
        TypeError
            The cohort was simulated without data errors.
        """
        if not self.request.data_errors_percent:
            raise TypeError("no data errors were introduced; ask for them: data_errors=5")
        from pretese.io.export.columns.export_fields import DATA_ERRORS

        return self.tables[DATA_ERRORS]

    def broken_rules(self) -> "pd.DataFrame":
        """Return the patients who violate plausibility rules, and the rules.

        Simulated patients violate none; introduced data errors violate some.

        Raises
        ------
        TypeError
            There are several replicates.
        """
        from simulate.tables.data_error_kinds import worded_columns
        from simulate.tables.expert_rules import broken_rules

        if self.request.replicates > 1:
            raise TypeError("rules are those of one study; take one: cohort.study(1)")
        tables = dict(self.tables)
        if self.request.data_errors_percent:
            import pandas as pd

            numbers = {name: pd.to_numeric(tables["patients"][name], errors="coerce")
                       for name in worded_columns("patients")}  # fmt: skip
            tables["patients"] = tables["patients"].assign(**numbers)
        return broken_rules(tables, self.request.loaded.scenario)

    def study(self, number: int) -> "Cohort":
        """Return one replicate as a cohort without the column ``study``.

        Parameters
        ----------
        number
            Number of the replicate, from 1.

        Raises
        ------
        InputError
            There is no such replicate.
        """
        request = self.request
        place = whole_of(number, "number", 1, request.replicates) - 1
        return Cohort(replace(request, replicates=1, first=request.first + place))

    def write(
        self,
        folder: str | Path,
        formats: str | Sequence[str] = ("csv",),
        *,
        resume: bool = False,
        progress: bool = True,
    ) -> None:
        """Write what ``pretese simulate`` writes: tables, truth, data dictionary, manifest.

        Parameters
        ----------
        folder
            Replaced if it holds an unchanged earlier result.
        formats
            Among ``csv``, ``parquet``, ``sav``, ``dta``, ``xpt``, ``redcap``, ``dataset-json``.
        resume
            Whether to join the parts that `write_part` has computed; what they lack is simulated.
        progress
            Whether to show progress, on a terminal or in a notebook.

        Raises
        ------
        InputError
            The format is unknown, the folder cannot be written or contains other files, or there
            are too many patients for a format. Nothing is written in these cases. Or there are
            parts and ``resume`` is false, or the reverse.
        """
        from pretese.jobs.storage.parts import refuse_parts
        from pretese.screen.progress import optional_progress

        chosen, out = formats_of([formats] if isinstance(formats, str) else formats), Path(folder)
        made = None
        if resume:
            from pretese.cohort.cohort_parts import joined_slices  # it loads more than most need

            made = joined_slices(self.request, out)
        else:
            refuse_parts(out, "folder")
        with optional_progress("simulated patients", progress) as tell:
            write_cohort(self.request, out, chosen, tell, made)

    def write_part(self, folder: str | Path, part: str, *, progress: bool = True) -> "PartDone":
        """Simulate one part of the cohort and keep it in ``FOLDER.parts``, for `write` to join.

        Parts may be computed at the same time, and on machines that share no disk.

        Parameters
        ----------
        folder
            That of the cohort; its parts have a separate folder next to it.
        part
            ``"I/N"``: part I of N, counted from 1. A part that was interrupted continues.
        progress
            Whether to show progress, on a terminal or in a notebook.

        Raises
        ------
        InputError
            ``part`` is not of the form I/N, or the folder holds a part of another cohort.
        """
        from pretese.cohort.cohort_parts import write_part
        from pretese.jobs.storage.parts import read_part
        from pretese.screen.progress import optional_progress

        with optional_progress("slices of patients", progress) as tell:
            return write_part(self.request, Path(folder), read_part(part), tell)

    def summary(self) -> str:
        """Return scenario, size and seed."""
        asked = self.request
        size = f"{asked.patients:,} patients"
        many = f"{asked.replicates:,} x {size}" if asked.replicates > 1 else size
        return f"{shorten_text(asked.loaded.scenario.id, 30)}, {many}, seed {asked.seed}"

    def to_dict(self) -> dict[str, Any]:
        """Return the inputs that determine every value: scenario, hash, changes, sizes, seed."""
        return self.request.facts

    def to_frame(self) -> "pd.DataFrame":
        """Return the table of patients."""
        return self.patients


def formats_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return formats without duplicates, in the order in which they are written.

    Parameters
    ----------
    names
        Names of formats, as given.
    """
    from pretese.io.export.formats import FORMATS

    for name in sorted(set(names) - set(FORMATS), key=str):
        cure = f"take one of {', '.join(FORMATS)}"
        raise InputError.of("formats", "", f"{shorten(name)} is not a format", cure)
    if not names:
        raise InputError.of("formats", "", "none is given", f"take one of {', '.join(FORMATS)}")
    return tuple(name for name in FORMATS if name in names)


@dataclass(frozen=True, slots=True, repr=False)
class TrueEffects(Shown):
    """True effects of a scenario, for each estimand on each scale; returned by `Scenario.truth`.

    ``frame`` has a row per estimand and scale. Risks are fractions; ``mcse`` is that of
    the simulated population, of ratios on the log scale. A user-defined number has the scale
    *mean difference*, with its means in place of risks. ``transported`` lists the numbers of the
    scenario that were published for other patients or doses.
    """

    scenario: str
    patients: int
    seed: int
    frame: "pd.DataFrame"
    transported: "Transported"

    def write(self, path: str | Path) -> None:
        """Write the table as CSV, as ``pretese truth --out`` does.

        Parameters
        ----------
        path
            File to write.
        """
        from pretese.io.output.atomic_file import replaced_file
        from pretese.io.output.csv_file import write_csv

        with replaced_file(Path(path), "path") as temporary:
            write_csv(self.frame, temporary)

    def summary(self) -> str:
        """Return scenario, estimands and size."""
        number = self.frame["estimand"].nunique()
        name = shorten_text(self.scenario, 30)
        return f"{name}, {number} estimands over {self.patients:,} patients, seed {self.seed}"

    def to_dict(self) -> dict[str, Any]:
        """Return scenario, size, seed, the rows of the table (None if undefined), and origins."""
        rows = [
            {name: _finite(value) for name, value in row.items()}
            for row in self.frame.to_dict("records")
        ]
        return {
            "scenario": self.scenario,
            "patients": self.patients,
            "seed": self.seed,
            "effects": rows,
            "transported": self.transported.model_dump(mode="json"),
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return the table of effects."""
        return self.frame


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
