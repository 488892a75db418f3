"""Bayesian trials of two arms, as `pretese.design` reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pretese.api.arguments.argument_numbers import number_in_range
from pretese.api.trials.designs import Design
from pretese.api.trials.interim.monitoring import InterimReport
from pretese.api.trials.power import Power
from pretese.api.trials.trial_arguments import (
    folder_of,
    interim_data_of,
    power_request,
    refuse_arguments,
)
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load; each is loaded where it is needed
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from pretese.trial.bayesian.design.design_file import BayesianDesign
    from pretese.trial.bayesian.results.study import BayesianRun
    from pretese.trial.monitoring.interim_data import InterimData


@dataclass(frozen=True, slots=True, repr=False)
class BayesianTrial(Design):
    """A planned trial of two arms that decides by posterior probabilities, read and checked."""

    comparable: ClassVar[bool] = False

    _file: "BayesianDesign" = field(hash=False)  # type: ignore[assignment]  # narrower here

    def power(
        self,
        participants: Sequence[int] | None = None,
        effects: Sequence[float] | None = None,
        *,
        target_power: float | None = None,
        replicates: int = 2000,
        seed: int = 1,
        out: str | Path | None = None,
        resume: bool = False,
        progress: bool = True,
        workers: int = 1,
        **others: Any,
    ) -> "BayesianPower":
        """Return the operating characteristics: exact, or simulated where the trial is large.

        Parameters
        ----------
        participants
            Sizes, both arms together; that of the design by default.
        effects
            Percentages of the planned effect, in addition to 0 (the limit of success) and 100.
        target_power
            Find the sample size for this power, such as 0.8.
        replicates, seed
            Of trials whose counts are too many to be tabulated, which are simulated.
        out, resume
            Folder for tables and figures; whether to write the same study again.
        progress, workers
            As in `Design.power`; one process is enough.

        Raises
        ------
        InputError
            Names the argument, or the field of the design, and what is allowed.

        Examples
        --------
        >>> import pretese as pt
        >>> trial = pt.design({
        ...     "id": "example", "title": "Two arms", "question": "Does it help?",
        ...     "participants": 100, "risks": {"control_percent": 30, "treated_percent": 60},
        ...     "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
        ...     "bayes": {"success": {"probability_percent": [97.5]}}})
        >>> study = trial.power(progress=False)
        >>> study.to_frame()[["effect_percent", "success"]].round(4).to_numpy().tolist()
        [[0.0, 0.0249], [100.0, 0.8763]]
        """
        from pretese.trial.bayesian.results.document import BayesianRequest
        from pretese.trial.bayesian.results.study import run_bayesian

        for name in [name for name, value in others.items() if value]:
            problem = "Bayesian designs do not take it"
            raise InputError.of(name, "", problem, "leave it out")
        folder = folder_of(out, resume=resume)
        asked = power_request(
            participants, effects, target_power, replicates, seed, None, None, False,
            patient_level=False,
        )  # fmt: skip
        if target_power is not None:
            number_in_range(target_power, "target_power", 0.01, 0.999)
        request = BayesianRequest(
            asked.participants, asked.effects, asked.target_power, asked.replicates, asked.seed
        )
        run = run_bayesian(
            self._file, self.text, request, out=folder, resume=resume,
            show_progress=progress,
        )  # fmt: skip
        return BayesianPower(run)

    def monitor(
        self,
        analyses: "str | Path | pd.DataFrame | Sequence[Mapping[str, float]] | InterimData",
        *,
        final: bool = False,
        **others: Any,
    ) -> "BayesianInterimReport":
        """Judge the analyses of the ongoing trial by the rules of its design.

        Parameters
        ----------
        analyses
            As in `Design.monitor`, counts only.
        final
            The last row is the final analysis although more were planned.

        Raises
        ------
        InputError
            Names the argument, or row and column of the data, and what is allowed.

        Examples
        --------
        >>> import pretese as pt
        >>> trial = pt.design({
        ...     "id": "example", "title": "Two arms", "question": "Does it help?",
        ...     "participants": 100, "risks": {"control_percent": 30, "treated_percent": 60},
        ...     "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
        ...     "bayes": {"analyses_percent": [50, 100],
        ...               "success": {"probability_percent": [99, 97.5]}}})
        >>> report = trial.monitor([{"control_events": 8, "control_participants": 25,
        ...                          "treated_events": 14, "treated_participants": 25}])
        >>> row = report.to_dict()["analyses"][0]
        >>> row["decision"], round(row["predictive_success"], 3)
        ('continue', 0.675)
        """
        from pretese.io.output.versions import versions
        from pretese.io.text.rounding_rule import rounded_document
        from pretese.trial.bayesian.results.monitoring import bayesian_monitor_document
        from protocol.reading.stored import content_hash

        refuse_arguments(others, "Bayesian designs do not take it")
        data = interim_data_of(analyses)
        document = rounded_document(bayesian_monitor_document(self._file, data, final=final))
        return BayesianInterimReport({
            **document,
            "design_sha256": content_hash(self.text),
            "interim_data_sha256": data.sha256,
            "data_assumptions": list(data.assumptions),
            "versions": versions(),
        })  # fmt: skip

    def forecast(self, *_: Any, **__: Any) -> Any:
        """Refuse: the prior of the design itself gives its probability of success."""
        problem = f"{self.id} has priors of its own"
        cure = "read `averaged` of its power, or name the prior in bayes.design_prior"
        raise InputError.of("prior", "", problem, cure)

    def power_bands(self, *_: Any, **__: Any) -> Any:
        """Refuse: fixed event rates have no parameter sets."""
        problem = f"{self.id} has fixed event rates"
        raise InputError.of("worlds", "", problem, "leave it out")


@dataclass(frozen=True, slots=True, repr=False)
class BayesianPower(Power):
    """Operating characteristics of a Bayesian trial."""

    _run: "BayesianRun" = field(hash=False)  # type: ignore[assignment]  # narrower here

    def summary(self) -> str:
        """Return power and type I error at the largest size in one line."""
        size = self._run.document["sizes"][-1]
        at = {row["effect_percent"]: row["outcome"]["success"]["value"] for row in size["effects"]}
        words = (
            f"{size['participants']} participants, power {100 * at[100]:.1f} %, type I error "
            f"{100 * at[0]:.2f} %"
        )
        return f"{self._run.document['id'][: 79 - len(words)]} {words}"

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain values, as ``pretese power --json`` prints it."""
        return dict(self._run.document)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per size and true effect.

        Returns
        -------
        pandas.DataFrame
            ``participants``, ``effect_percent``, ``risk_control``, ``risk_treated``; probabilities
            ``success``, ``futility``, ``harm``, ``inconclusive``; ``expected_participants``.
        """
        import pandas as pd

        return pd.DataFrame([
            {
                "participants": size["participants"],
                **{name: row[name] for name in ("effect_percent", "risk_control", "risk_treated")},
                **{name: measure["value"] for name, measure in row["outcome"].items()},
                "expected_participants": row["expected_participants"]["value"],
            }
            for size in self._run.document["sizes"]
            for row in size["effects"]
        ])  # fmt: skip

    @property
    def required_participants(self) -> int | None:
        """Participants in both arms that ``target_power`` needs, if it was asked for and found."""
        found = self._run.document["sample_size_search"]
        return None if found is None else found["participants"]

    def plot(self, name: str = "power", design: str | None = None) -> "Figure":
        """Return a figure: ``power``, ``control_risk``, or ``success`` at interims."""
        from pretese.trial.bayesian.results.figures import draw_bayesian

        figures = draw_bayesian(self._run.document)
        if name not in figures:
            cure = f"choose one of {', '.join(figures)}"
            raise InputError.of("plot", "name", f"{name!r} is not a figure of the study", cure)
        return figures[name]

    def report(self) -> str:
        """Return the study as one self-contained HTML page, as ``pretese report`` writes it."""
        from pretese.trial.bayesian.results.report import render_bayesian

        return render_bayesian(self._run.document, self._run.text)

    def show(self, console: "Console") -> None:
        """Print what ``pretese power`` prints."""
        from pretese.trial.bayesian.results.view import show_bayesian

        show_bayesian(console, self.to_dict())


@dataclass(frozen=True, slots=True, repr=False)
class BayesianInterimReport(InterimReport):
    """Interim data of a Bayesian trial: posterior and predictive probabilities, decisions."""

    def summary(self) -> str:
        """Return the status of the trial in one line."""
        rows = self._document["analyses"]
        count = f"{len(rows)} {'analysis' if len(rows) == 1 else 'analyses'}"
        return f"{self._document['id'][:40]}: {count}, {rows[-1]['decision']}"

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per analysis: counts, probabilities, risk difference, decision."""
        import pandas as pd

        return pd.DataFrame(self._document["analyses"])

    def plot(self) -> "Figure":
        """Return a figure of the probabilities at each analysis."""
        from pretese.trial.bayesian.results.monitoring_view import draw_bayesian_monitoring

        return draw_bayesian_monitoring(self.to_dict())

    def show(self, console: "Console") -> None:
        """Print what ``pretese monitor`` prints."""
        from pretese.trial.bayesian.results.monitoring_view import show_bayesian_monitoring

        show_bayesian_monitoring(console, self.to_dict())
