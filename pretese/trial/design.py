"""The design file: all that a planned trial says of itself, checked before a man is drawn."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, field_validator, model_validator

from estimate.estimand import Estimand, IntercurrentEvent
from estimate.sequential.boundaries import HaybittlePeto, Shape, WangTsiatis, plan_sequential
from estimate.sequential.design import SequentialDesign
from estimate.sequential.spending import Spending
from pretese.shipped import _find as find
from pretese.shipped import shipped_folder
from protocol.documents import Document, content_hash, parse_document, read_text
from protocol.errors import Fault, InputError
from simulate.nouns import BASELINE, DIAGNOSES
from simulate.parameter import Parameter

Share = Annotated[float, Field(ge=0, lt=100)]
Open = Annotated[float, Field(gt=0, lt=100)]
Factor = Literal["site", "diagnosis"]


class Risks(Document):
    """Men who differ in nothing but luck, with the risk that a statistician writes down."""

    control_percent: Open
    treated_percent: Open


class Regimen(Document):
    """What an arm is given, and whether semen is checked again before surgery."""

    regimen: str
    semen_check: bool = True


class Arms(Document):
    """The two arms."""

    control: Regimen
    treated: Regimen


class ByArm(Document):
    """A share of the men of each arm, in percent."""

    control_percent: Share = 0.0
    treated_percent: Share = 0.0


class Recruiting(Document):
    """A site: its rate holds from each knot on or, with ``ramp``, is linear between knots."""

    name: str
    at_months: tuple[Annotated[float, Field(ge=0)], ...]
    men_in_12_months: tuple[Annotated[float, Field(ge=0)], ...]
    ramp: bool = False

    @model_validator(mode="after")
    def _opens(self) -> Self:
        if not self.at_months or len(self.at_months) != len(self.men_in_12_months):
            raise ValueError("give one rate per knot, and at least one")
        if (np.diff(self.at_months) <= 0).any():
            raise ValueError("at_months must rise")
        if not any(self.men_in_12_months):
            raise ValueError("the site never opens; give a rate above 0")
        return self


class Randomisation(Document):
    """How men are given their arm.

    ``repeats`` says how often a block holds each part of the allocation; ``by`` names the factors
    of strata or of minimisation.
    """

    method: Literal["simple", "blocks", "stratified", "minimisation"] = "blocks"
    repeats: tuple[Annotated[int, Field(ge=1, le=20)], ...] = Field(default=(2,), min_length=1)
    by: tuple[Factor, ...] = ()
    probability_percent: Annotated[float, Field(gt=50, le=100)] = 80.0

    @model_validator(mode="after")
    def _factors(self) -> Self:
        wants = self.method in ("stratified", "minimisation")
        if wants and not self.by:
            raise ValueError(f"{self.method} has no strata; name factors in `by`")
        if self.by and not wants:
            raise ValueError(f"{self.method} takes no factors; leave `by` out")
        return self


class Endpoint(Document):
    """What is counted, and what is done with what happens on the way.

    ``ejaculators`` are men with sperm in the ejaculate, who need no operation. They go with
    ``sperm_retrieved`` alone; for the other two they are successes or go on to ICSI.
    """

    variable: Literal["any_sperm", "sperm_retrieved", "live_birth"] = "any_sperm"
    ejaculators: Literal["excluded", "failures"] | None = None
    known_after_months: Annotated[float, Field(ge=0)]
    missing: Literal["complete case", "failure"] = "complete case"
    crossover: Literal["treatment policy", "excluded"] = "treatment policy"

    @model_validator(mode="after")
    def _strategy(self) -> Self:
        if (self.variable == "sperm_retrieved") != (self.ejaculators is not None):
            raise ValueError("ejaculators (excluded or failures) goes with sperm_retrieved alone")
        return self


class Analysis(Document):
    """How the arms are compared.

    ``strata`` are those of Mantel-Haenszel; in a model they enter as indicators.
    """

    method: Literal["unadjusted", "mantel-haenszel", "standardised", "logistic"] = "unadjusted"
    covariates: tuple[str, ...] = ()
    strata: tuple[Factor, ...] = ()
    small_sample: bool = False

    @field_validator("covariates")
    @classmethod
    def _known(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in given if name not in BASELINE]
        if unknown:
            raise ValueError(
                f"{unknown[0]!r} is no baseline value; there are {', '.join(BASELINE)}"
            )
        return given

    @model_validator(mode="after")
    def _uses(self) -> Self:
        if self.method == "unadjusted" and (self.covariates or self.strata):
            raise ValueError("unadjusted takes neither covariates nor strata")
        if self.method == "mantel-haenszel" and (self.covariates or not self.strata):
            raise ValueError("mantel-haenszel takes strata and no covariates")
        if self.small_sample and self.method != "standardised":
            raise ValueError("small_sample goes with standardised alone")
        return self


class Monitoring(Document):
    """When the data are looked at, and what stops the trial.

    ``efficacy`` and ``futility`` are written ``OF``, ``Pocock``, ``HSD(-4)`` or ``KD(2)`` (error
    spending); efficacy also ``WT(0.25)`` (Wang-Tsiatis) or ``HP(3)`` (Haybittle-Peto).
    """

    looks_percent: tuple[float, ...] = (100.0,)
    efficacy: str = "OF"
    futility: str | None = None
    binding: bool = False
    alpha_percent: Annotated[float, Field(gt=0, lt=50)] = 5.0
    sides: Literal[1, 2] = 2
    power_percent: Open = 80.0

    def plan(self) -> SequentialDesign:
        """Return the bounds."""
        futility = None if self.futility is None else _shape(self.futility)
        if isinstance(futility, WangTsiatis | HaybittlePeto):
            problem = f"{self.futility!r} spends no error"
            raise InputError.of("monitoring", "futility", problem, "give OF, HSD(-2) or such")
        return plan_sequential(
            np.asarray(self.looks_percent) / 100,
            _shape(self.efficacy),
            alpha=self.alpha_percent / 100,
            sides=self.sides,
            power=self.power_percent / 100,
            futility=futility,
            binding=self.binding,
        )


class Belief(Document):
    """How likely an effect of some size is held to be, before the trial."""

    effect_percent: Annotated[float, Field(ge=0, le=100)]
    weight_percent: Annotated[float, Field(ge=0, le=100)]


class Design(Document):
    """A planned two-arm trial.

    Men come from a ``scenario`` (shipped name or file) or have plain ``risks``. ``prior`` weighs
    effects, in percent of that of the scenario, for assurance; 0 is no effect. ``nuisance`` gives
    values to assumptions, by path, for a worst case (`pretese.trial.cells`).
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    question: str
    men: Annotated[int, Field(ge=10, le=100_000)]
    scenario: str | None = None
    risks: Risks | None = None
    arms: Arms | None = None
    allocation: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (1, 1)
    randomisation: Randomisation = Randomisation()
    sites: tuple[Recruiting, ...] = Field(min_length=1)
    site_spread: Parameter | None = None
    dropout: ByArm = ByArm()
    crossover: ByArm = ByArm()
    endpoint: Endpoint
    analysis: Analysis = Analysis()
    monitoring: Monitoring = Monitoring()
    prior: tuple[Belief, ...] = ()
    nuisance: dict[str, Annotated[tuple[float, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.scenario is None) == (self.risks is None):
            raise ValueError("give a scenario or risks, one of the two")
        needs_men = self.arms or self.analysis.covariates or self.site_spread
        by = {*self.randomisation.by, *self.analysis.strata}
        if self.risks and (needs_men or "diagnosis" in by or self.endpoint.ejaculators):
            raise ValueError(
                "men of plain risks have no arms, covariates, diagnosis, site_spread or "
                "ejaculators; name a scenario"
            )
        if self.prior and abs(sum(each.weight_percent for each in self.prior) - 100) > 1e-6:
            raise ValueError("the weights of the prior do not sum to 100")
        return self

    @property
    def estimand(self) -> Estimand:
        """The question, with its intercurrent events and their strategies."""
        end, events = self.endpoint, []
        names = {"any_sperm": "composite variable", "live_birth": "treatment policy"}
        strategy = names.get(end.variable, "composite variable")
        if end.ejaculators == "excluded":
            strategy = "excluded from the analysis"
        events.append(IntercurrentEvent("sperm in the ejaculate, no operation", strategy))  # type: ignore[arg-type]  # one of the three above
        crossed = "treatment policy" if end.crossover == "treatment policy" else None
        events.append(
            IntercurrentEvent("crossover", crossed or "excluded from the analysis")  # type: ignore[arg-type]  # literal
        )
        summary = "odds ratio" if self.analysis.method == "logistic" else "risk difference"
        conditional = self.analysis.method == "logistic" and (
            self.analysis.covariates or self.analysis.strata
        )
        kind = "conditional " if conditional else "marginal "
        counted = "operated men" if end.ejaculators == "excluded" else "all men randomised"
        words = "treated vs control"
        if self.arms:
            words = f"{self.arms.treated.regimen} vs {self.arms.control.regimen}"
        return Estimand(counted, words, end.variable, kind + summary, tuple(events))

    @property
    def block(self) -> int | None:
        """Size of the blocks, if arms are balanced over all men after each of them."""
        simple_blocks = self.randomisation.method == "blocks"
        if not simple_blocks or len(self.randomisation.repeats) > 1:
            return None
        return sum(self.allocation) * self.randomisation.repeats[0]

    def looks_at(self, men: int) -> tuple[int, ...]:
        """Return how many men each look waits for; raise if two looks fall together."""
        shares = np.asarray(self.monitoring.looks_percent) / 100
        step = self.block or 1
        counts = np.maximum(np.round(shares * men / step), 1).astype(int) * step
        counts[-1] = men
        if (np.diff(counts, prepend=1) <= 0).any():
            problem = f"looks at {counts.tolist()} of {men} men are the same look"
            raise InputError.of(self.id, "monitoring.looks_percent", problem, "give more men")
        return tuple(counts.tolist())


def design_names() -> tuple[str, ...]:
    """Return the names of the shipped designs, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def design_path(name: str | Path) -> Path:
    """Return the file of a design, by shipped name or path, as `scenario_path` does."""
    return find(str(name), _folder(), "design")


def read_design(name: str | Path) -> tuple[Design, str]:
    """Read a design by shipped name or path; return it with the hash of its text.

    Raises
    ------
    InputError
        All faults of the file at once, then what its parts say of themselves: looks that do not
        rise or come after the end, a bound that cannot be.
    """
    path = design_path(name)
    text = read_text(path)
    design = parse_document(text, Design, where=str(path))
    try:
        design.monitoring.plan()
        design.looks_at(design.men)
    except InputError as error:
        raise InputError(
            Fault(str(path), f"monitoring.{_field(fault.field)}", fault.problem, fault.cure)
            for fault in error.faults
        ) from None
    _check_strata(design, str(path))
    return design, content_hash(text)


def _check_strata(design: Design, where: str) -> None:
    """Refuse strata that no man can fill: more of them than men."""
    levels = {"site": len(design.sites), "diagnosis": len(DIAGNOSES)}
    for field, factors in (
        (
            "randomisation.by",
            design.randomisation.by if design.randomisation.method == "stratified" else (),
        ),
        ("analysis.strata", design.analysis.strata),
    ):
        strata = int(np.prod([levels[name] for name in factors]))
        if factors and strata * 2 > design.men:
            problem = f"{strata} strata for {design.men} men leave strata without men"
            raise InputError.of(where, field, problem, "name fewer factors or recruit more men")


def _field(name: str) -> str:
    known = {"looks": "looks_percent", "alpha": "alpha_percent", "power": "power_percent"}
    return known.get(name, name.removeprefix("monitoring."))


def _shape(words: str) -> Shape:
    match = re.fullmatch(r"(OF|Pocock|HSD|KD|WT|HP)(?:\((-?\d+(?:\.\d+)?)\))?", words.strip())
    if match is None:
        cure = "write OF, Pocock, HSD(-4), KD(2), WT(0.25) or HP(3)"
        raise InputError.of("monitoring", "efficacy", f"{words!r} is not understood", cure)
    family, number = match[1], None if match[2] is None else float(match[2])
    if family == "WT":
        return WangTsiatis(0.0 if number is None else number)
    if family == "HP":
        return HaybittlePeto(3.0 if number is None else number)
    return Spending(family, number)  # type: ignore[arg-type]  # the pattern holds families alone


def _folder() -> Path:
    return shipped_folder() / "designs"
