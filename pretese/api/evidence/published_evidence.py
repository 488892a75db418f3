"""Published studies in the public interface: a selection, and its meta-analysis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from pretese.api.display import Shown
from protocol.errors import InputError
from protocol.shorten import shorten

if TYPE_CHECKING:  # pooling loads scipy, which a list of studies does not need
    import pandas as pd
    from matplotlib.figure import Figure

    from pretese.api.evidence.effect_prior import EffectPrior
    from pretese.literature.bias_assumptions import BiasFile
    from pretese.literature.library import Published
    from pretese.literature.meta_analysis.pooled_counts import PooledCounts
    from pretese.literature.meta_analysis.subgroups import EvidenceSubgroups
    from pretese.literature.pooled_evidence import PooledEvidence


@dataclass(frozen=True, slots=True, repr=False)
class Pooled(Shown):
    """A meta-analysis of published studies; made by `Evidence.pool`.

    ``str`` is the page that ``pretese evidence`` prints, `to_dict` its ``--json``.

    Attributes
    ----------
    result
        The analysis; effects of ratios are on the log scale.
    subgroups
        Pooled effects by a property of the studies; None without ``by``.
    """

    result: "PooledEvidence"
    subgroups: "EvidenceSubgroups | None" = None

    def summary(self) -> str:
        """Return the pooled effect with its interval, and the number of studies."""
        fit, shown = self.result.fit, self.result.shown
        low, high = shown(fit.conf_low[0]), shown(fit.conf_high[0])
        effect = f"{shown(fit.coefficient[0]):.2f} ({low:.2f} to {high:.2f})"
        return f"{self.result.scale} {effect}, {fit.studies} studies"

    def to_dict(self) -> dict[str, Any]:
        """Return studies, pooled effect, heterogeneity, prediction, and what was excluded."""
        from pretese.literature.evidence_document import pooled_document
        from pretese.literature.meta_analysis.views import subgroups_document

        groups = self.subgroups and subgroups_document(self.subgroups)
        return {**pooled_document(self.result), "subgroups": groups}

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per study included.

        Returns
        -------
        pandas.DataFrame
            ``name``, ``citation``, ``source`` (counts, or what was adjusted for), ``estimate``,
            ``conf_low``, ``conf_high``, ``weight_percent``, as ``without_it`` the pooled effect of
            all other studies, and the assumed bias that was removed, ``bias_shift`` and
            ``bias_sd`` (the logarithm for ratios).
        """
        import pandas as pd

        return pd.DataFrame(self.to_dict()["studies"])

    def plot(self, kind: Literal["forest", "funnel"] = "forest") -> "Figure":
        """Return a forest plot or a funnel plot.

        Parameters
        ----------
        kind
            ``forest`` or ``funnel``.
        """
        from pretese.literature.meta_analysis.evidence_figures import draw_forest, draw_funnel

        draw = {"forest": draw_forest, "funnel": draw_funnel}
        if kind not in draw:
            problem = f"{shorten(kind)} is not a kind of plot"
            raise InputError.of("plot", "kind", problem, "choose forest or funnel")
        return draw[kind](self.result)

    def prior(
        self,
        *,
        tau_scale: float = 0.5,
        null_weight: float = 0.2,
        vague_weight: float = 0.2,
        vague_sd: float = 1.0,
    ) -> "EffectPrior":
        """Return a robust meta-analytic-predictive prior for the effect in a new trial.

        Parameters
        ----------
        tau_scale
            Scale of the half-normal prior of the standard deviation between studies (log odds).
        null_weight, vague_weight
            Weights (0 to 1) of "no effect" and of a vague component; assumptions.
        vague_sd
            Standard deviation of the vague component, in log odds.

        Raises
        ------
        InputError
            The evidence was pooled on another scale, or a weight is not allowed.
        """
        from pretese.api.evidence.effect_prior import EffectPrior
        from pretese.literature.prior import prior_of

        made = prior_of(
            self.result,
            tau_scale=tau_scale,
            null_weight=null_weight,
            vague_weight=vague_weight,
            vague_sd=vague_sd,
        )
        return EffectPrior(made)

    def __str__(self) -> str:
        """Return the analysis as a page of text."""
        from pretese.literature.evidence_view import pooled_page
        from pretese.literature.meta_analysis.views import subgroups_page

        groups = "" if self.subgroups is None else "\n\n" + subgroups_page(self.subgroups)
        return pooled_page(self.result) + groups


@dataclass(frozen=True, slots=True, repr=False)
class CountAnalysis(Shown):
    """A meta-analysis of counts; made by `Evidence.pool_counts`.

    Attributes
    ----------
    result
        The analysis; the pooled odds ratio is on the log scale.
    """

    result: "PooledCounts"

    def summary(self) -> str:
        """Return the pooled odds ratio with its interval, and the number of studies."""
        found = self.to_dict()
        effect = f"{found['estimate']:.2f} ({found['conf_low']:.2f} to {found['conf_high']:.2f})"
        return f"odds ratio {effect}, {found['model']}, {len(found['studies'])} studies"

    def to_dict(self) -> dict[str, Any]:
        """Return counts of the studies, pooled odds ratio, and what was excluded."""
        from pretese.literature.meta_analysis.views import counts_document

        return counts_document(self.result)

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per study: ``name``, ``citation``, and events and patients of both arms.

        The columns are ``therapy_events``, ``therapy_patients``, ``control_events`` and
        ``control_patients``.
        """
        import pandas as pd

        return pd.DataFrame(self.to_dict()["studies"])

    def __str__(self) -> str:
        """Return the analysis as a page of text."""
        from pretese.literature.meta_analysis.views import counts_page

        return counts_page(self.result)


@dataclass(frozen=True, slots=True, repr=False)
class Evidence(Shown):
    """A selection of published studies; made by `pretese.evidence`.

    Attributes
    ----------
    studies
        The studies with their topics.
    """

    studies: "tuple[Published, ...]"

    def summary(self) -> str:
        """Return the number of studies and of comparisons."""
        comparisons = sum(len(each.study.comparisons) for each in self.studies)
        from pretese.literature.evidence_view import number_of_studies

        words = "1 comparison" if comparisons == 1 else f"{comparisons} comparisons"
        return f"{number_of_studies(len(self.studies))}, {words}"

    def to_dict(self) -> dict[str, Any]:
        """Return every study in the form of its file, with its topic."""
        return {
            "studies": [
                {"topic": each.topic, **each.study.model_dump(mode="json")} for each in self.studies
            ]
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per study: topic, name, citation, locator, design, population, therapy."""
        import pandas as pd

        from pretese.literature.evidence_document import study_row

        return pd.DataFrame([study_row(each) for each in self.studies])

    def pool(
        self,
        endpoint: str = "sperm retrieved",
        scale: str = "odds ratio",
        *,
        prefer: str = "adjusted",
        method: str = "REML",
        test: str = "knapp-hartung",
        bias_shift: float = 0.0,
        bias_sd: float = 0.0,
        bias: "str | Path | Mapping[str, Any] | None" = None,
        by: str | None = None,
    ) -> Pooled:
        """Pool the effects of the studies on one endpoint.

        Parameters
        ----------
        endpoint
            ``"sperm retrieved"``, ``"any sperm"``, ``"sperm in ejaculate"``,
            ``"clinical pregnancy"`` or ``"live birth"``.
        scale
            ``"odds ratio"``, ``"risk ratio"`` or ``"risk difference"``.
        prefer
            ``"adjusted"`` uses a study's adjusted estimate if it reports one, ``"unadjusted"`` its
            counts.
        method
            Estimator of the variance between studies: EE, DL, HE, SJ, PM, ML or REML.
        test
            ``"knapp-hartung"`` or ``"normal"``.
        bias_shift, bias_sd
            Assumed bias of studies that are not randomised, on the log scale for ratios, and its
            standard deviation. Both are assumptions: vary them.
        bias
            Assumed bias by domain and judgement of risk of bias: a file, or its content.
        by
            Also pool in subgroups of ``"fsh_class"``, ``"surgery"``, ``"design"`` or ``"read"``,
            by meta-regression with one variance between studies.

        Raises
        ------
        InputError
            An argument is not allowed, or no study gives the endpoint on the scale.

        Examples
        --------
        >>> import pretese as pt
        >>> found = pt.evidence("before-first-retrieval", without=["al-edwan-2020"])
        >>> found.pool(prefer="unadjusted", method="DL").result.fit.studies
        3
        """
        from estimate.meta_analysis.between_study_variance import TauMethod
        from estimate.meta_analysis.pooling import PoolingTest
        from estimate.meta_analysis.study_effects import EffectScale
        from pretese.api.arguments.argument_numbers import number_of
        from pretese.literature.meta_analysis.subgroups import SubgroupField, subgroups_of
        from pretese.literature.pooled_evidence import Preference, pool_studies
        from pretese.literature.study import Endpoint

        _check_choices(
            "pool",
            endpoint=(endpoint, Endpoint),
            scale=(scale, EffectScale),
            prefer=(prefer, Preference),
            method=(method, TauMethod),
            test=(test, PoolingTest),
            by=(by, SubgroupField) if by is not None else ("read", SubgroupField),
        )
        sd = number_of(bias_sd, "bias_sd")
        if sd < 0:
            raise InputError.of("pool", "bias_sd", f"{sd:g} is below 0", "give 0 or more")
        chosen: dict[str, Any] = {
            "endpoint": endpoint,
            "scale": scale,
            "preference": prefer,
            "method": method,
            "test": test,
            "bias_shift": number_of(bias_shift, "bias_shift"),
            "bias_sd": sd,
            "bias": None if bias is None else _bias_file(bias),
        }
        pooled = pool_studies(self.studies, **chosen)
        return Pooled(pooled, None if by is None else subgroups_of(pooled, cast("Any", by)))

    def pool_counts(
        self, endpoint: str = "sperm retrieved", model: str = "binomial-normal"
    ) -> CountAnalysis:
        """Pool the counts of the studies on one endpoint, without a correction for empty cells.

        Parameters
        ----------
        endpoint
            As in `pool`.
        model
            ``"binomial-normal"`` (logistic regression with a random effect of therapy),
            ``"beta-binomial"``, or ``"peto"``.

        Raises
        ------
        InputError
            An argument is not allowed, or too few studies give counts of both arms.

        Examples
        --------
        >>> import pretese as pt
        >>> pt.evidence("before-first-retrieval").pool_counts(model="peto")
        <CountAnalysis: odds ratio 1.62 (1.12 to 2.35), peto, 2 studies>
        """
        from pretese.literature.meta_analysis.pooled_counts import CountModelName, pool_counts
        from pretese.literature.study import Endpoint

        _check_choices("pool_counts", endpoint=(endpoint, Endpoint), model=(model, CountModelName))
        return CountAnalysis(pool_counts(self.studies, endpoint, cast("Any", model)))

    def __str__(self) -> str:
        """Return the studies as a table of text."""
        from pretese.literature.evidence_view import studies_page

        return studies_page(self.studies)


def _check_choices(function: str, **choices: tuple[object, Any]) -> None:
    """Refuse an argument that is none of the words of its type."""
    for name, (value, allowed) in choices.items():
        if value not in get_args(allowed):
            words = ", ".join(get_args(allowed))
            problem = f"{shorten(value)} is not allowed"
            raise InputError.of(function, name, problem, f"choose from {words}")


def _bias_file(bias: "str | Path | Mapping[str, Any]") -> "BiasFile":
    """Return assumed biases from a file or from its content."""
    from pretese.literature.bias_assumptions import BiasFile
    from protocol.reading.documents import read_document, validate

    if isinstance(bias, Mapping):
        return validate(dict(bias), BiasFile, "bias")
    return read_document(Path(bias), BiasFile)


def evidence(
    *sources: str | Path,
    topic: str | None = None,
    design: str | None = None,
    fsh_class: str | None = None,
    surgery: str | None = None,
    drug: str | None = None,
    read: str | None = None,
    without: Sequence[str] = (),
) -> Evidence:
    """Select published studies of hormonal treatment before sperm retrieval, or of its setting.

    Parameters
    ----------
    *sources
        Shipped topics, or your own files in the same format; the default is all shipped topics.
    topic, design, fsh_class, surgery
        Only studies with this value, for example ``fsh_class="hypergonadotropic"``.
    drug
        Only studies of a drug whose name contains this text.
    read
        Only studies from this kind of source: article, abstract, registry, secondary.
    without
        Names of studies to exclude.

    Returns
    -------
    Evidence
        The selection; `Evidence.pool` is its meta-analysis.

    Raises
    ------
    InputError
        A file is faulty, a filter has a value that no study has, or a name is unknown.

    Examples
    --------
    >>> import pretese as pt
    >>> pt.evidence(surgery="second", design="cohort")
    <Evidence: 2 studies, 1 comparison>
    """
    from pretese.literature.library import read_evidence, select_studies

    asked = {
        "topic": topic,
        "design": design,
        "fsh_class": fsh_class,
        "surgery": surgery,
        "drug": drug,
        "read": read,
    }
    wanted = {name: value for name, value in asked.items() if value is not None}
    return Evidence(select_studies(read_evidence(sources), wanted, without))
