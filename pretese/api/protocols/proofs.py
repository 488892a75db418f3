"""Verification of a regimen: the proof of its tables and paths, and its test cases."""

import html
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from pretese.bedside.words import case_lines, proof_lines
from protocol.errors import InputError
from protocol.regimen import rules
from protocol.regimen.paths import Path
from protocol.shorten import shorten, shorten_text

if TYPE_CHECKING:
    import pandas as pd

    from protocol.audit.cases import AuditCaseResult
    from protocol.bedside.cases import CaseResult


@dataclass(frozen=True, slots=True, repr=False)
class Proof(Shown):
    """The proof of a regimen: tables complete and disjoint, and every path with its end.

    ``faults`` describe violations with counter-examples; there are then no ``paths``.
    """

    name: str
    regimen: rules.Regimen | None
    faults: tuple[str, ...]
    paths: tuple[Path, ...]

    @property
    def proved(self) -> bool:
        """Whether the regimen is proved."""
        return not self.faults

    def summary(self) -> str:
        """Return the regimen, and whether it is proved."""
        if self.regimen is None:
            return f"{shorten(self.name, 50)}, not proved, faults: {len(self.faults)}"
        name = f"{shorten_text(self.regimen.id, 40)} {self.regimen.version}"
        return f"{name}, proved, {len(self.paths)} paths"

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``pretese regimen verify --json``."""
        from pretese.bedside.json_answers import proof_document  # loads pydantic

        return proof_document(self.regimen, self.faults, self.paths)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per path: its phases, its end, and the IU of each drug."""
        import pandas as pd

        drugs = self.regimen.drugs.items() if self.regimen else ()
        units = {name: drug.unit.lower() for name, drug in drugs}
        rows = [
            {"path": number, "phases": ", ".join(path.phases), "ends": path.ends}
            | {f"{drug}_{units[drug]}": dose for drug, dose in path.totals.amount.items()}
            for number, path in enumerate(self.paths, 1)
        ]
        return pd.DataFrame(rows)

    def __str__(self) -> str:
        """Return the output of ``pretese regimen verify``; the faults if it is not proved."""
        if self.regimen is None:
            return "\n".join(self.faults)
        return "\n".join(proof_lines(self.regimen, self.paths))

    def _repr_html_(self) -> str:
        """Return the whole proof, as shown on the console."""
        return f"<pre>{html.escape(str(self))}</pre>"


@dataclass(frozen=True, slots=True, repr=False)
class CaseResults(Shown):
    """The results of the test cases of a regimen."""

    regimen: rules.Regimen
    results: "tuple[CaseResult | AuditCaseResult, ...]"

    @property
    def passed(self) -> int:
        """Cases that passed."""
        return sum(result.holds for result in self.results)

    @property
    def failed(self) -> int:
        """Cases that failed."""
        return len(self.results) - self.passed

    def summary(self) -> str:
        """Return the number of cases that passed."""
        name = f"{shorten_text(self.regimen.id, 40)} {self.regimen.version}"
        return f"{name}, {self.passed} of {len(self.results)} cases passed"

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``pretese regimen test --json``."""
        from pretese.bedside.json_answers import cases_document  # loads pydantic

        return cases_document(self.regimen, self.results)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per case: statement, table, result, and difference."""
        import pandas as pd

        rows = [(r.case.statement, r.case.table, r.holds, "; ".join(r.wrong)) for r in self.results]
        return pd.DataFrame(rows, columns=["case", "table", "holds", "wrong"])

    def text(self, *, verbose: bool = False) -> str:
        """Return what ``pretese regimen test`` prints.

        Parameters
        ----------
        verbose
            Whether cases that passed are listed as well.
        """
        return "\n".join(case_lines(self.regimen, self.results, verbose=verbose))

    def __str__(self) -> str:
        """Return the cases that failed, and the number that passed."""
        return self.text()


def run_own_cases(regimen: rules.Regimen, name: str) -> CaseResults:
    """Run the test cases of a regimen.

    Parameters
    ----------
    regimen
        The regimen, loaded.
    name
        Its shipped name, or the path of its file.

    Raises
    ------
    InputError
        There are no cases, or they belong to another regimen.
    """
    from protocol.audit.cases import load_audit_cases, run_audit_cases
    from protocol.bedside.cases import load_cases, run_cases

    cases, audits = load_cases(name), load_audit_cases(name)
    for owner in {cases.regimen, audits.regimen if audits else cases.regimen} - {regimen.id}:
        problem = f"the cases are those of {owner!r}, the regimen is {regimen.id!r}"
        raise InputError.of(name, "regimen", problem, "write cases for this regimen")
    found = run_audit_cases(regimen, audits) if audits else ()
    return CaseResults(regimen, (*run_cases(regimen, cases), *found))
