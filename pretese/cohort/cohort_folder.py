"""A simulated cohort as a folder: tables in the requested formats, and the manifest."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.io.input.regimen_files import RegimenFiles
from pretese.io.output.versions import versions
from simulate.scenario.load import LoadedScenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class CohortRequest:
    """Inputs of a simulation: ``replicates`` studies of ``patients``, from number ``first``.

    ``data_errors_percent`` of the patients have rows with errors of each kind. ``changes`` are the
    replaced numbers of the scenario, and ``regimens`` the regimen files of its arms. With
    ``exact_days`` events are on the days of the regimen, not on a clinic's dates.
    """

    loaded: LoadedScenario
    changes: Mapping[str, float]
    regimens: RegimenFiles
    patients: int
    replicates: int
    seed: int
    data_errors_percent: float = 0.0
    exact_days: bool = False
    first: int = field(default=0, kw_only=True)

    @property
    def facts(self) -> dict[str, Any]:
        """The inputs that determine every value, for the manifest."""
        error_share = self.data_errors_percent
        return {
            "scenario": self.loaded.scenario.id,
            "mechanism_sha256": self.loaded.mechanism_sha256,
            "changed": dict(self.changes),
            "transported": self.loaded.transported.model_dump(mode="json"),
            "patients": self.patients,
            "replicates": self.replicates,
            **({"first_study": self.first + 1} if self.first else {}),
            "seed": self.seed,
            **({"exact_days": True} if self.exact_days else {}),
            **({"data_errors_percent": error_share} if error_share else {}),
        }

    def tables(self) -> dict[str, "pd.DataFrame"]:
        """Simulate, and return every table with the truth; several studies have ``study`` first."""
        import pandas as pd

        parts = list(self.slices())
        self.regimens.check()
        return {
            name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]
        }

    def slices(
        self, chosen: slice = slice(None), *, coded_words: bool = False
    ) -> "Iterator[Mapping[str, pd.DataFrame]]":
        """Yield the tables of slice after slice of patients; ``chosen`` selects slices."""
        from pretese.io.export.cohort_files import slices

        return slices(
            self.loaded.scenario, self.seed, self.replicates, self.patients,
            self.data_errors_percent / 100, self.first, exact_days=self.exact_days,
            coded_words=coded_words, chosen=chosen,
        )  # fmt: skip

    @property
    def slice_count(self) -> int:
        """Slices of all studies together."""
        from pretese.io.export.cohort_files import slice_starts

        return len(slice_starts(self.replicates, self.patients, self.first))


def write_cohort(
    request: CohortRequest,
    out: Path,
    formats: Sequence[str],
    tell: Callable[[int, int], None],
    made: "Iterable[Mapping[str, pd.DataFrame]] | None" = None,
) -> None:
    """Write all tables, the truth separately, a data dictionary and a manifest, atomically.

    Parameters
    ----------
    formats
        Among `pretese.io.export.formats.FORMATS`.
    tell
        Called with the number of patients written and the total.
    made
        Tables of every slice, if they have been simulated before.
    """
    from pretese.io.export.cohort_files import check_formats, codes_words, write_slices
    from pretese.io.output.manifest import write_manifest
    from pretese.io.output.result_folder import result_folder

    total = request.replicates * request.patients
    with result_folder(out, "folder") as folder:
        errors = bool(request.data_errors_percent)
        check_formats(formats, total, data_errors=errors)
        if made is None:
            made = request.slices(coded_words=codes_words(formats, data_errors=errors))
        write_slices(made, request.loaded.scenario, folder, formats, lambda done: tell(done, total))
        request.regimens.check()
        write_manifest(folder, _in_order(request.facts, formats))


def _in_order(facts: dict[str, Any], formats: Sequence[str]) -> dict[str, Any]:
    """Return the facts of a manifest, with formats before data errors."""
    last = {name: facts[name] for name in ("data_errors_percent",) if name in facts}
    first = {name: value for name, value in facts.items() if name not in last}
    return {**first, "formats": tuple(formats), **last, "versions": versions()}
