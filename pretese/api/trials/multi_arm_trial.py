"""Trials of several treatments against one control, as `pretese.design` reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.arguments.argument_numbers import seed_of, sequence_of, whole_of
from pretese.api.trials.design_comparison import compare_several
from pretese.api.trials.designs import Design, compared_design
from pretese.api.trials.interim.multi_arm_monitoring import (
    MultiArmInterimReport,
    arm_data_of,
    arms_asked,
    arms_interim_report,
)
from pretese.api.trials.power import Power
from pretese.api.trials.trial_arguments import (
    folder_of,
    power_request,
    refuse_arguments,
    sizes_of,
)
from protocol.errors import InputError

if TYPE_CHECKING:  # slow to load; each is loaded where it is needed
    import pandas as pd
    from matplotlib.figure import Figure
    from rich.console import Console

    from estimate.core.arrays import Floats
    from pretese.api.trials.forecasts import TrialForecast
    from pretese.jobs.storage.parts import PartDone
    from pretese.trial.multi_arm.design.design_file import MultiArmDesign
    from pretese.trial.multi_arm.monitoring.arm_data import ArmInterimData
    from pretese.trial.multi_arm.results.study import ArmRequest, ArmRun


@dataclass(frozen=True, slots=True, repr=False)
class MultiArmTrial(Design):
    """A planned trial of several treatments against one control, read and checked."""

    _file: "MultiArmDesign" = field(hash=False)  # type: ignore[assignment]  # narrower here

    def power(
        self,
        participants: Sequence[int] | None = None,
        effects: Sequence[float] | None = None,
        *,
        target_power: float | None = None,
        replicates: int = 2000,
        seed: int = 1,
        sensitivity: Mapping[str, Sequence[float]] | None = None,
        tornado: bool = False,
        changes: Mapping[str, float] | None = None,
        patient_level: bool = False,
        compare: "Sequence[Design | str | Path | Mapping[str, Any]] | None" = None,
        out: str | Path | None = None,
        resume: bool = False,
        workers: int = 1,
        scheduler: str | None = None,
        progress: bool = True,
        **others: Any,
    ) -> "Power":
        """Simulate the trial: as planned, without any effect, and with each treatment alone.

        Parameters
        ----------
        participants
            Sizes, all arms together; that of the design by default.
        target_power
            Find the sample size for the power that the design names in ``power_of``.
        sensitivity, tornado
            As in `Design.power`; paths are ``dropout``, ``dropout.ARM``, ``risks.ARM``, and those
            that both kinds of design have.
        compare
            Other designs, of two or of several arms, simulated with the same random numbers; the
            answer is then a `pretese.api.trials.design_comparison.DesignComparison`, and takes
            neither ``out`` nor sensitivity analyses.
        replicates, seed, changes, patient_level, out, resume, workers, scheduler, progress
            As in `Design.power`.

        Raises
        ------
        InputError
            Names the argument, or the field of the design, and what is allowed.

        Examples
        --------
        >>> import pretese as pt
        >>> trial = pt.design({
        ...     "id": "example", "title": "Two treatments", "question": "Which one helps?",
        ...     "participants": 300, "risks_percent": {"placebo": 40, "hcg": 50, "ufsh": 60},
        ...     "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [100]}],
        ...     "endpoint": {"variable": "any_sperm", "endpoint_month": 4}})
        >>> study = trial.power(replicates=100, progress=False)
        >>> study.to_frame()["configuration"].unique().tolist()[:2]
        ['as planned', 'no treatment works']
        """
        from pretese.trial.multi_arm.results.study import run_arms

        self._refuse(effects, others)
        folder = folder_of(out, resume=resume)
        if sequence_of(compare, "compare"):
            given = {
                "target_power": target_power, "replicates": replicates, "seed": seed,
                "changes": changes, "workers": workers, "scheduler": scheduler,
                "progress": progress,
            }  # fmt: skip
            refused = {"sensitivity": sensitivity, "tornado": tornado, "out": out}
            designs = [self, *map(compared_design, compare or ())]
            return self._compare(designs, participants, given, refused)
        request = _request(
            participants, target_power, replicates, seed, sensitivity, changes, tornado,
            patient_level=patient_level,
        )  # fmt: skip
        run = run_arms(
            self._file, self.text, request, out=folder, resume=resume,
            workers=whole_of(workers, "workers", 1, 256), scheduler=scheduler,
            show_progress=progress,
        )  # fmt: skip
        return MultiArmPower(run)

    def power_part(
        self,
        part: str,
        participants: Sequence[int] | None = None,
        effects: Sequence[float] | None = None,
        *,
        out: str | Path,
        target_power: float | None = None,
        replicates: int = 2000,
        seed: int = 1,
        sensitivity: Mapping[str, Sequence[float]] | None = None,
        tornado: bool = False,
        changes: Mapping[str, float] | None = None,
        patient_level: bool = False,
        workers: int = 1,
        progress: bool = True,
        **others: Any,
    ) -> "PartDone":
        """Simulate one part of the trials of `power`; see `power_parts.power_part`."""
        from pretese.jobs.storage.parts import read_part
        from pretese.trial.multi_arm.results.study import run_arms_part

        self._refuse(effects, others)
        request = _request(
            participants, target_power, replicates, seed, sensitivity, changes, tornado,
            patient_level=patient_level,
        )  # fmt: skip
        return run_arms_part(
            self._file, self.text, request, read_part(part), out=Path(out),
            workers=whole_of(workers, "workers", 1, 256), show_progress=progress,
        )  # fmt: skip

    def _compare(
        self, designs: Sequence[Design], participants: Sequence[int] | None,
        given: Mapping[str, Any], refused: Mapping[str, Any],
    ) -> Power:  # fmt: skip
        """Simulate designs, at least one of several arms, and compare them."""
        return compare_several(designs, participants, given, refused)

    def _refuse(self, effects: Any, others: Mapping[str, Any]) -> None:
        """Refuse arguments that belong to trials of two arms."""
        given = {name: value for name, value in others.items() if value}
        if sequence_of(effects, "effects"):
            given["effects"] = effects
        for name in given:
            problem = "designs with several arms do not take it"
            cure = "leave it out; the configurations show no effect and each treatment alone"
            raise InputError.of(name, "", problem, cure)

    def forecast(
        self,
        prior: str | Path | None = None,
        participants: Sequence[int] | None = None,
        *,
        prior_of: str | None = None,
        pilot: int = 60,
        replicates: int = 2000,
        seed: int = 1,
        worlds: int | None = None,
        workers: int = 1,
    ) -> "TrialForecast":
        """Return the probability that one treatment succeeds, under evidence on its effect.

        Power is the normal approximation of the closed test with one analysis, averaged over the
        prior of the odds ratio of this treatment; the others have their planned odds ratios.
        With interim analyses trials are simulated too, each with an effect from the prior.

        Parameters
        ----------
        prior, participants, pilot
            As in `Design.forecast`; sizes are those of all arms together.
        prior_of
            The treatment that the prior concerns; by default that of the design, or the only one.
        replicates, seed
            Simulated trials with interim analyses at each size, and the seed of their numbers.
        worlds
            Refused if given: parameter sets of the article describe two arms.

        Raises
        ------
        InputError
            As in `Design.forecast`; or it is not said which treatment the prior concerns.

        Examples
        --------
        >>> import pretese as pt
        >>> found = pt.design("three-arms-live-birth").forecast("evidence", [600], prior_of="hcg")
        >>> found.to_dict()["arms"]["prior_of"]
        'hcg'
        """
        from pretese.api.trials.forecasts import arm_forecast_of

        if worlds is not None:
            problem = f"{self.id} has several treatments, and the parameter sets describe two arms"
            raise InputError.of("worlds", "", problem, "leave it out")
        return arm_forecast_of(
            self._file, self.text, prior or self._file.prior or "evidence", sizes_of(participants),
            whole_of(pilot, "pilot", 8, 100_000), prior_of=prior_of,
            replicates=whole_of(replicates, "replicates", 20, 10_000_000), seed=seed_of(seed),
        )  # fmt: skip

    def interim_data(self, analyses: Any) -> "ArmInterimData":
        """Return the interim data of the trial, read and checked, for `monitor`."""
        return arm_data_of(analyses, self._file)

    def monitor(
        self,
        analyses: "str | Path | pd.DataFrame | Sequence[Mapping[str, Any]] | ArmInterimData",
        *,
        final: bool = False,
        overrunning: bool = False,
        planned: float | None = None,
        effects: Sequence[float] | None = None,
        arm_risks: Mapping[str, float] | None = None,
        continued: Sequence[str] | None = None,
        **others: Any,
    ) -> MultiArmInterimReport:
        """Compare the analyses of the ongoing trial with its plan.

        Parameters
        ----------
        analyses
            CSV file, table or list of rows, one per analysis, cumulative: ``ARM_events`` and
            ``ARM_participants`` of every arm, for an unadjusted comparison; or ``ARM_participants``
            of every arm with ``ARM_estimate`` and ``ARM_std_error`` of every treatment (risk
            differences, or logarithms of odds ratios). Or one row per participant: ``arm``,
            ``event`` (0, 1 or empty) and ``analysis``, the first that includes the participant.
        final
            The last row is the final analysis although more were planned: all alpha is spent.
        overrunning
            There are data that arrived after a treatment, or the trial, had ended.
        planned
            Participants of all arms at the final analysis; by default planned.
        effects
            Conditional power under these percents of the planned effects too.
        arm_risks
            Planned probability of the event in each arm, by its name, if the design has a scenario:
            for conditional power.
        continued
            Treatments that continued although a rule of the design drops them.

        Raises
        ------
        InputError
            Names the argument, or row and column of the data, and what is allowed.

        Examples
        --------
        >>> import pretese as pt
        >>> trial = pt.design({
        ...     "id": "example", "title": "Two treatments", "question": "Which one helps?",
        ...     "participants": 360, "risks_percent": {"placebo": 40, "hcg": 50, "ufsh": 60},
        ...     "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [100]}],
        ...     "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
        ...     "monitoring": {"analyses_percent": [50, 100], "sides": 1, "alpha_percent": 2.5},
        ...     "dropping": {"futility_z": [0]}})
        >>> report = trial.monitor([{"placebo_events": 24, "placebo_participants": 60,
        ...                          "hcg_events": 23, "hcg_participants": 60,
        ...                          "ufsh_events": 35, "ufsh_participants": 60}])
        >>> report.to_frame()[["comparison", "decision"]].values.tolist()
        [['hcg', 'drop: below the futility boundary'], ['ufsh', 'continue']]
        """
        refuse_arguments(others, "designs with several arms do not take it")
        asked = arms_asked(
            final=final, overrunning=overrunning, planned=planned, effects=effects,
            arm_risks=arm_risks, continued=continued,
        )  # fmt: skip
        return arms_interim_report(self._file, self.text, self.interim_data(analyses), asked)


def _request(
    participants: Sequence[int] | None, target_power: float | None, replicates: int, seed: int,
    sensitivity: Mapping[str, Sequence[float]] | None, changes: Mapping[str, float] | None,
    tornado: bool, *, patient_level: bool,
) -> "ArmRequest":  # fmt: skip
    """Return what a study is asked for, checked."""
    from pretese.trial.multi_arm.results.study import ArmRequest

    asked = power_request(
        participants, None, target_power, replicates, seed, sensitivity, changes, tornado,
        patient_level=patient_level,
    )  # fmt: skip
    return ArmRequest(
        asked.participants, asked.target_power, asked.replicates, asked.seed,
        dict(asked.overrides), patient_level, asked.sensitivity, tornado,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class MultiArmPower(Power):
    """Operating characteristics of a trial with several arms, each with its MCSE."""

    _run: "ArmRun" = field(hash=False)  # type: ignore[assignment]  # narrower here

    def summary(self) -> str:
        """Return the power that the design asks for, at its largest size, in one line."""
        document = self._run.document
        size = document["sizes"][-1]
        words = f"{size['participants']} participants, power {100 * size['power']['value']:.1f} %"
        return f"{document['id'][: 79 - len(words)]} {words}"

    def to_dict(self) -> dict[str, Any]:
        """Return the study as plain values, as ``pretese power --json`` prints it."""
        return dict(self._run.document)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per size, configuration and comparison, with rejections and MCSE."""
        import pandas as pd

        return pd.DataFrame([
            {
                "participants": size["participants"],
                "configuration": case["configuration"],
                "comparison": row["comparison"],
                "null": row["null"],
                **{
                    f"{name}{ending}": measure[key]
                    for name, measure in row["rejection"].items()
                    for ending, key in (("", "value"), ("_mcse", "mcse"))
                },
            }
            for size in self._run.document["sizes"]
            for case in size["configurations"]
            for row in case["comparisons"]
        ])  # fmt: skip

    def rows(self) -> list[dict[str, Any]]:
        """Return the row of each size, for a comparison of designs."""
        from pretese.trial.multi_arm.results.design_rows import rows_of_arms

        return rows_of_arms(self._run.document)

    def wins(self) -> "dict[int, Floats]":
        """Return each size with the replicates that found what ``power_of`` names (1) or not."""
        return dict(self._run.wins)

    @property
    def required_participants(self) -> int | None:
        """Participants in all arms that ``target_power`` needs, if it was asked for."""
        found = self._run.document["sample_size_search"]
        return None if found is None else int(found["participants"])

    def plot(self, name: str = "power", design: str | None = None) -> "Figure":
        """Return a figure.

        Parameters
        ----------
        name
            ``"power"``: rejections, family-wise error and expected participants; ``"sensitivity"``
            or ``"tornado"`` if it was asked for.
        """
        from pretese.trial.multi_arm.results.figures import arm_figures

        figures = arm_figures(self._run.document)
        if name not in figures:
            cure = f"choose one of {', '.join(figures)}"
            raise InputError.of("plot", "name", f"{name!r} is not a figure of the study", cure)
        return figures[name]

    def report(self) -> str:
        """Return the study as one self-contained HTML page, as ``pretese report`` writes it."""
        from pretese.trial.multi_arm.results.report import render_arms

        return render_arms(self._run.document, self._run.text)

    def show(self, console: "Console") -> None:
        """Print what ``pretese power`` prints."""
        from pretese.trial.multi_arm.results.view import show_arms

        show_arms(console, self.to_dict())
