"""The forecast of a planned trial under published evidence."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pretese.api.display import Shown
from pretese.io.text.rounding_rule import rounded_document
from protocol.errors import InputError
from protocol.reading.stored import content_hash
from protocol.shorten import shorten

if TYPE_CHECKING:  # scipy and pandas load where they are needed
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.api.trials.ensemble_power import PowerBands
    from pretese.literature.forecast_parts import ArmAssurance, TrialPlan
    from pretese.literature.forecast_parts import Forecast as Computed
    from pretese.literature.prior import PriorFile
    from pretese.trial.design.design_file import DesignFile
    from pretese.trial.multi_arm.design.design_file import MultiArmDesign

#: Participants of the pilot trial.
PILOT = 60


@dataclass(frozen=True, slots=True, repr=False)
class TrialForecast(Shown):
    """Probability of success of a planned trial, and its determinants; by `Design.forecast`.

    ``str`` is the page that ``pretese power --prior`` prints, `to_dict` its ``--json``.

    Attributes
    ----------
    design_id, design_sha256, endpoint
        Of the design; the hash is that of the text of its file.
    prior
        The prior of the log odds ratio, in the form of its file.
    plan, result
        The values taken from the design, and the forecast.
    expected
        Size to its expected sample size under the prior, of a design with interim analyses.
    arms
        What concerns all treatments, of a design of several arms; None with two arms.
    """

    design_id: str
    design_sha256: str
    endpoint: str
    prior: "PriorFile"
    plan: "TrialPlan"
    result: "Computed"
    article: "PowerBands | None" = None
    expected: Mapping[int, dict[str, Any]] = field(default_factory=dict, hash=False)
    arms: "ArmAssurance | None" = field(default=None, hash=False)

    def summary(self) -> str:
        """Return the design and the probability of success at its size."""
        main = next(s for s in self.result.sizes if s.participants == self.result.main)
        low, high = (f"{100 * value:.0f}" for value in main.band)
        words = f", {main.participants} participants: success {100 * main.success:.0f} %"
        return f"{self.design_id[:24]}{words} (band {low} to {high} %)"

    def to_dict(self) -> dict[str, Any]:
        """Return prior, plan, sizes, influences, exclusions and pilot as plain values."""
        found = self.result
        stops = {n: each["expected_participants"] for n, each in self.expected.items()}
        document: dict[str, Any] = {
            "design": self.design_id,
            "endpoint": self.endpoint,
            "prior": self.prior.model_dump(mode="json"),
            "plan": asdict(self.plan),
            "sizes": [
                {**asdict(each), "expected_participants": stops.get(each.participants)}
                for each in found.sizes
            ],
            "main_participants": found.main,
            "influences": [asdict(each) for each in found.influences],
            "exclusions": [asdict(each) for each in found.exclusions],
            "pilot": asdict(found.pilot),
        }
        if self.article is not None:
            document["article"] = self.article.to_dict()
        if self.arms is not None:
            document["arms"] = self.arms.document()
        return dict(rounded_document(document))

    def record(self, registry: str, made_on: str, note: str = "") -> dict[str, Any]:
        """Return the forecast at the design's main size as a dated record with its own hash.

        Parameters
        ----------
        registry
            Identifier of the trial in its register.
        made_on
            Date of the forecast, ``YYYY-MM-DD``.
        note
            What a reader should know, such as how the therapy of the studies differs.

        Raises
        ------
        InputError
            ``made_on`` is not a date.
        """
        from pretese.io.output.versions import program_version
        from pretese.literature.forecast_record import (
            RECORD_SCHEMA,
            outcome_probabilities,
            sealed,
        )

        document = self.to_dict()
        size = next(s for s in document["sizes"] if s["participants"] == self.result.main)
        return sealed({
            "schema": RECORD_SCHEMA,
            "registry": registry,
            "made_on": _date(made_on),
            "note": note,
            "design": self.design_id,
            "design_sha256": self.design_sha256,
            "endpoint": self.endpoint,
            "participants": self.result.main,
            "probabilities": rounded_document(
                outcome_probabilities(size["success"], size["harm_shown"])
            ),
            "success_band": size["band"],
            "prior": document["prior"],
            "plan": document["plan"],
            "pretese": program_version(),
        })  # fmt: skip

    def scores(self, outcome: str) -> dict[str, float]:
        """Return the Brier and the logarithmic score of the forecast at the design's main size.

        Parameters
        ----------
        outcome
            What the trial showed: ``benefit``, ``harm`` or ``neither``.

        Raises
        ------
        InputError
            There is no such outcome.
        """
        from pretese.literature.forecast_record import forecast_scores, outcome_probabilities

        size = next(s for s in self.result.sizes if s.participants == self.result.main)
        return forecast_scores(outcome_probabilities(size.success, size.harm_shown), outcome)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per sample size.

        Returns
        -------
        pandas.DataFrame
            ``participants``; probabilities ``success``, ``band_low``, ``band_high``, ``benefit``,
            ``success_given_benefit``, ``misleading``, ``harm_shown``; and, with interim analyses,
            ``expected_participants`` under the prior.
        """
        import pandas as pd

        rows = []
        for each in self.to_dict()["sizes"]:
            low, high = each.pop("band")
            rows.append({**each, "band_low": low, "band_high": high})
        order = ["participants", "success", "band_low", "band_high"]
        frame = pd.DataFrame(rows)
        return frame[[*order, *(name for name in frame if name not in order)]]

    def plot(self) -> "Figure":
        """Return a figure of the probability of success by unknown, and after a pilot."""
        from pretese.trial.views.forecast_figure import draw_forecast

        return draw_forecast(self.result, self.arms)

    def __str__(self) -> str:
        """Return the forecast as a page of text."""
        from pretese.trial.views.forecast_view import forecast_page

        article = None if self.article is None else self.article.result
        return forecast_page(
            self.design_id,
            self.endpoint,
            self.prior,
            self.plan,
            self.result,
            article,
            self.expected,
            self.arms,
        )


def forecast_of(
    design: "DesignFile", text: str, prior: str | Path, sizes: tuple[int, ...], pilot: int,
    worlds: int | None = None, workers: int = 1, replicates: int = 2000, seed: int = 1,
) -> TrialForecast:  # fmt: skip
    """Return the forecast of a design; see `Design.forecast`."""
    from pretese.literature.forecast import forecast
    from pretese.literature.prior_source import prior_source
    from pretese.trial.design.forecast_plan import forecast_plan
    from pretese.trial.measures.expected_size import expected_under_prior

    source = prior_source(prior)
    plan = forecast_plan(design, source.control_risks)
    main, every = _sizes(design.participants, sizes)
    article, risks = None, None
    if worlds is not None:
        from pretese.api.trials.ensemble_power import power_bands_of

        article = power_bands_of(design, worlds, every, replicates, seed, workers, progress=True)
        risks = article.result.control_risks
        plan = replace(plan, control_risk_range=(float(risks.min()), float(risks.max())))
    result = forecast(source.make, plan, source.unknowns, every, main, pilot, source.without, risks)
    expected = expected_under_prior(design, plan, source.prior.mixture(), every)
    return TrialForecast(
        design.id, content_hash(text), _endpoint(design), source.prior, plan, result, article,
        expected,
    )  # fmt: skip


def arm_forecast_of(
    design: "MultiArmDesign", text: str, prior: str | Path, sizes: tuple[int, ...], pilot: int,
    *, prior_of: str | None, replicates: int, seed: int,
) -> TrialForecast:  # fmt: skip
    """Return the forecast of a design of several arms; see `MultiArmTrial.forecast`."""
    from pretese.literature.prior_source import prior_source
    from pretese.trial.multi_arm.assurance.arm_forecast import arm_forecast

    source = prior_source(prior)
    main, every = _sizes(design.participants, sizes)
    plan, result, arms, expected = arm_forecast(
        design, source, every, main, pilot, prior_of=prior_of, replicates=replicates, seed=seed
    )
    return TrialForecast(
        design.id, content_hash(text), _endpoint(design), source.prior, plan.pair, result, None,
        expected, arms,
    )  # fmt: skip


def _sizes(planned: int, sizes: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Return the main size and all sizes: by default that of the design, half and twice as many."""
    return (sizes[0], sizes) if sizes else (planned, (planned // 2, planned, 2 * planned))


def _endpoint(design: "DesignFile | MultiArmDesign") -> str:
    """Return the endpoint in words; sperm from either source may count."""
    if design.endpoint.sperm_in_ejaculate == "composite":
        return "any sperm"
    return design.endpoint.variable.replace("_", " ")


def _date(text: str) -> str:
    """Return a date as it was given; refuse what is none."""
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        problem = f"{shorten(text)} is not a date"
        raise InputError.of("made_on", "", problem, "write YYYY-MM-DD") from None
