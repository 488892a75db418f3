"""Results of `pretese.plan` and `pretese.analyse`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load, and not needed for `pretese analyse --help`
    import pandas as pd
    from matplotlib.figure import Figure

    from estimate.plan import findings, spec
    from pretese.analysis.journal_style import JournalStyle

#: Columns of `Analysis.estimates`, in this order.
ESTIMATE_COLUMNS = (
    "method", "estimand", "scale", "estimate", "std_error", "statistic", "p_value", "conf_low",
    "conf_high", "interval", "test", "n", "converged",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Plan(Shown):
    """A validated analysis plan; made by `pretese.plan`.

    Attributes
    ----------
    spec
        The parsed plan.
    sha256
        Of the text of the plan's file, or of a mapping as JSON.
    """

    spec: "spec.Plan"
    sha256: str

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the planned methods, in the order of the plan."""
        return self.spec.methods

    def summary(self) -> str:
        """Return treatment, outcome and the number of methods and covariates."""
        return _short(
            f"{self.spec.treatment} on {_outcome(self.spec.outcome)}, "
            f"{_count(self.methods, 'method')}, {_count(self.spec.covariates, 'covariate')}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the plan in the form of a plan file; `pretese.plan` reads it back."""
        return self.spec.as_written()


@dataclass(frozen=True, slots=True, repr=False)
class Analysis(Shown):
    """Results of a plan in a table of patients; returned by `pretese.analyse`.

    Ratios and their limits are on the ratio scale, their standard errors and statistics on the log
    scale; risk differences are fractions, not percentage points.

    Attributes
    ----------
    plan
        The plan.
    findings
        The estimates and intermediate results.
    document
        The plain values that `to_dict` returns.
    """

    plan: Plan
    findings: "findings.Analysis"
    document: Mapping[str, Any]

    def summary(self) -> str:
        """Return how many patients were analysed, and how many estimates there are."""
        missing = self.document["missing"]
        return _short(
            f"{missing['analysed']} of {missing['assessed']} patients, "
            f"{_count(self.plan.methods, 'method')}, "
            f"{_count(self.document['estimates'], 'estimate')}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``pretese analyse --json`` prints."""
        return dict(self.document)

    def to_frame(self) -> "pd.DataFrame":
        """Return `estimates`."""
        return self.estimates

    @property
    def estimates(self) -> "pd.DataFrame":
        """One row per method and scale: estimate, standard error, test, 95 % interval, n."""
        import pandas as pd

        return pd.DataFrame(self.document["estimates"], columns=list(ESTIMATE_COLUMNS))

    @property
    def balance(self) -> "pd.DataFrame":
        """One row per method and covariate: standardised mean difference, variance ratio."""
        import pandas as pd

        rows = self.document["balance"].items()
        return pd.DataFrame([{"method": name, **row} for name, each in rows for row in each])

    @property
    def table1(self) -> "pd.DataFrame":
        """Characteristics of the patients by treatment, as text; empty without covariates."""
        import pandas as pd

        from pretese.analysis.analysis_tables import characteristics_table

        return characteristics_table(self.findings) if self.plan.spec.covariates else pd.DataFrame()

    @property
    def subgroups(self) -> "pd.DataFrame":
        """One row per subgroup: counts, odds ratio in the group, interaction test, RERI."""
        import pandas as pd

        from pretese.analysis.analysis_tables import subgroup_rows

        return pd.DataFrame(subgroup_rows(self.document["subgroups"]))

    @property
    def remarks(self) -> tuple[str, ...]:
        """Reasons for missing estimates."""
        return self.findings.remarks

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures that `plot` can draw."""
        from pretese.analysis.analysis_figures import figure_makers

        return tuple(figure_makers(self.findings))

    def plot(self, name: str = "effects") -> "Figure":
        """Draw one figure.

        Parameters
        ----------
        name
            One of `figures`.

        Raises
        ------
        InputError
            The analysis has no figure of this name.
        """
        from pretese.analysis.analysis_figures import figure_makers

        makers = figure_makers(self.findings)
        if name not in makers:
            cure = f"choose one of: {', '.join(makers)}"
            raise InputError.of("plot", "name", f"there is no figure {name!r}", cure)
        return makers[name]()

    def to_html(self, *, figures: bool = False, style: str = "plain") -> str:
        """Return one self-contained HTML page: effects, tables, methods, reporting items.

        Parameters
        ----------
        figures
            Whether the page includes the figures.
        style
            Format of p-values and intervals: "plain", "nejm", "jama" or "lancet".

        Raises
        ------
        InputError
            There is no such style.
        """
        from pretese.analysis.report.html_report import html_report

        return html_report(self.findings, self.document, figures=figures, style=_style(style))

    def to_docx(self, *, style: str = "plain") -> bytes:
        """Return the same with its figures as a Word document: the bytes of a .docx file.

        Parameters
        ----------
        style
            As in `to_html`.

        Raises
        ------
        InputError
            There is no such style, or python-docx (extra ``files``) is not installed.
        """
        from pretese.screen.extras import need_library

        need_library("docx", "to_docx", otherwise="call `to_html`")
        from pretese.analysis.report.word_report import word_report

        return word_report(self.findings, self.document, style=_style(style))

    def write_report(self, path: str | Path, style: str = "plain", option: str = "path") -> None:
        """Write the report with its figures, as Word document (.docx) or page (any other ending).

        Parameters
        ----------
        path
            File to write; it is replaced in one step.
        style
            As in `to_html`.
        option
            Name of the argument in messages about the file.

        Raises
        ------
        InputError
            As `to_docx`; or the file cannot be written.
        """
        from pretese.io.output.atomic_file import write_file

        of_word = Path(path).suffix == ".docx"
        report = self.to_docx(style=style) if of_word else self.to_html(figures=True, style=style)
        write_file(Path(path), report, option)

    def write(self, folder: str | Path, option: str = "folder", style: str = "plain") -> None:
        """Write the folder that ``pretese analyse --out`` writes: JSON, tables, figures.

        Parameters
        ----------
        folder
            New, or an earlier result without other files: it is replaced as a whole.
        option
            Name of the argument in messages about the folder.
        style
            Format of p-values and intervals in tables, as in `to_html`.

        Raises
        ------
        InputError
            The folder cannot be written to, or holds other files.
        """
        from pretese.io.output.result_folder import result_folder

        with result_folder(Path(folder), option) as place:
            self.write_into(place, style)

    def write_into(self, folder: Path, style: str = "plain") -> None:
        """Write the files of `write` into an existing folder.

        Parameters
        ----------
        folder
            The folder.
        style
            Format of p-values and intervals in tables, as in `to_html`.
        """
        from pretese.analysis.report.write_analysis import write_analysis

        write_analysis(self.findings, self.document, folder, _style(style))

    def __str__(self) -> str:
        """Return the page that ``pretese analyse`` prints."""
        from pretese.analysis.analysis_view import analysis_text

        return analysis_text(self.findings, self.document)


def _count(things: Any, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _short(text: str) -> str:
    from protocol.shorten import shorten_text

    return shorten_text(text, 80)


def _outcome(outcome: Any) -> str:
    """Return the column of an outcome, or its components."""
    if isinstance(outcome, str):
        return outcome
    return str(outcome.column or outcome.time or outcome.events)


def _style(name: str) -> "JournalStyle":
    from pretese.analysis.journal_style import STYLES

    if name not in STYLES:
        cure = f"choose one of: {', '.join(STYLES)}"
        raise InputError.of("analysis", "style", f"there is no style {name!r}", cure)
    return STYLES[name]
