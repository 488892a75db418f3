"""The format of scenario files. Every number of the mechanism is a `Parameter`."""

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Identifier, Number, Whole
from simulate.core.coding import ARMS
from simulate.scenario.sections.dates import Dates
from simulate.scenario.sections.endocrine import Physiology
from simulate.scenario.sections.enrolment import Population
from simulate.scenario.sections.field_checks import exactly
from simulate.scenario.sections.parameter import MAX, Amount
from simulate.scenario.sections.procedures import Fertility, Laboratory, Surgery
from simulate.scenario.sections.recording import Measurement
from simulate.scenario.sections.site import Sites
from simulate.scenario.sections.sperm_production import Spermatogenesis
from simulate.scenario.sections.therapy_arms import Arm, Behaviour, Choice
from simulate.scenario.sections.user_defined import UserDefined

Words = Annotated[str, Field(min_length=1, max_length=400)]


class Target(Document):
    """A calibration target that the published study does not report.

    ``number`` names the simulated quantity: a number of the study, or ``truth.`` with an estimand
    and a scale. The tolerance is ``half_unit``. A target that need not match is approached as far
    as the others allow, and reported. ``from_population`` and ``from_dose`` say for whom it was
    published, where that is not the simulated population: it is then *transported*.
    """

    number: str
    value: Amount
    half_unit: Annotated[Number, Field(ge=0, le=MAX)]
    source: str
    weight: Annotated[Number, Field(ge=1e-6, le=MAX)] = 1.0
    must_match: bool = True
    from_population: Words | None = None
    from_dose: Words | None = None

    @model_validator(mode="after")
    def _origin_is_whole(self) -> "Target":
        if (self.from_population is None) != (self.from_dose is None):
            raise ValueError("give `from_population` and `from_dose` together")
        return self


class Scenario(Document):
    """A scenario: a question about synthetic patients, and everything needed to simulate them.

    ``extends`` names the scenario from which everything not stated is taken.
    ``simulated_population`` says in words who is simulated; transported numbers need it. ``sites``
    are the hospitals of the study by name, or their number; without any there is one.
    ``user_defined`` adds covariates, outcomes and mechanisms.
    """

    id: Identifier
    extends: str | None = None
    question: str
    expected_finding: str
    patients: Annotated[Whole, Field(ge=2, le=100_000_000)]
    simulated_population: Words | None = None
    sites: Sites = Field(default_factory=dict)
    population: Population
    choice: Choice
    arms: dict[str, Arm]
    physiology: Physiology
    behaviour: Behaviour
    spermatogenesis: Spermatogenesis
    surgery: Surgery
    laboratory: Laboratory
    fertility: Fertility
    measurement: Measurement
    dates: Dates | None = None
    user_defined: UserDefined = Field(default_factory=UserDefined)
    published: str
    targets: tuple[str | Target, ...] = ()
    notes: dict[str, str] = Field(default_factory=dict)
    not_modelled: dict[str, str] = Field(default_factory=dict)

    @field_validator("arms")
    @classmethod
    def _both_arms(cls, given: dict[str, Arm]) -> dict[str, Arm]:
        return exactly(given, ARMS, "arm")

    @model_validator(mode="after")
    def _a_coin_has_no_mechanism(self) -> "Scenario":
        if self.choice.by == "coin" and self.user_defined.mechanisms.therapy is not None:
            raise ValueError(
                "choice.by: coin gives everybody one probability of therapy; remove "
                "user_defined.mechanisms.therapy"
            )
        return self

    @model_validator(mode="after")
    def _no_target_twice(self) -> "Scenario":
        names = [each if isinstance(each, str) else each.number for each in self.targets]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"targets given twice: {', '.join(sorted(twice))}")
        return self
