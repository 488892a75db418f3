"""Fields of a study in an evidence file: population, therapy, results, and source that was read."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from protocol.reading.documents import Document
from protocol.reading.fields import Number, Whole

Text = Annotated[str, Field(min_length=1, max_length=600)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Patients = Annotated[Whole, Field(ge=1, le=10_000_000)]
Events = Annotated[Whole, Field(ge=0, le=10_000_000)]
Value = Annotated[Number, Field(ge=-1e9, le=1e9)]

#: Identifiers of a source. Each form has its own pattern.
Locator = Annotated[
    str,
    Field(
        pattern=r"^(doi:10\.\d{4,9}/\S+|pmid:\d{4,8}|pmc:PMC\d{5,8}|nct:NCT\d{8}|"
        r"https?://\S+|none stated)$"
    ),
]

Design = Literal[
    "randomised trial",
    "registered trial",
    "cohort",
    "single arm",
    "diagnostic study",
    "volunteer study",
    "meta-analysis",
    "review",
    "survey",
    "guideline",
]

#: How the source was read. "secondary" is another author's account of it.
HowRead = Literal["article", "abstract", "registry", "secondary"]

FshClass = Literal[
    "hypergonadotropic", "normogonadotropic", "hypogonadotropic", "mixed", "not stated"
]
Surgery = Literal["first", "second", "mixed", "none", "not stated"]
Endpoint = Literal[
    "sperm retrieved", "any sperm", "sperm in ejaculate", "clinical pregnancy", "live birth"
]
Judgement = Literal["low", "moderate", "serious", "critical", "no information", "not assessed"]


class StudyPopulation(Document):
    """The population studied."""

    diagnosis: Text
    fsh_class: FshClass = "not stated"
    surgery: Surgery = "not stated"
    patients: Patients | None = None


class StudyDrug(Document):
    """A drug of the therapy as the source describes it; what it does not state is omitted."""

    drug: Text
    dose: Text | None = None
    schedule: Text | None = None
    route: Text | None = None


class StudyTherapy(Document):
    """The therapy studied, and how long it was given."""

    drugs: Annotated[tuple[StudyDrug, ...], Field(min_length=1)]
    months: tuple[Value, Value] | None = None


class ArmCounts(Document):
    """Events and patients of one arm."""

    events: Events
    patients: Patients

    @model_validator(mode="after")
    def _possible(self) -> "ArmCounts":
        if self.events > self.patients:
            raise ValueError(f"{self.events} events among {self.patients} patients")
        return self


class StudyComparison(Document):
    """One comparison of therapy with control: counts of both arms, or an estimate.

    ``derived`` states the calculation where the source does not print the figures themselves.
    """

    endpoint: Endpoint
    therapy: ArmCounts | None = None
    control: ArmCounts | None = None
    scale: Literal["odds ratio", "risk ratio", "risk difference"] | None = None
    estimate: Value | None = None
    interval: tuple[Value, Value] | None = None
    p_value: Annotated[Number, Field(ge=0, le=1)] | None = None
    adjusted_for: Text | None = None
    derived: Text | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> "StudyComparison":
        counts = self.therapy is not None and self.control is not None
        if (self.therapy is None) != (self.control is None):
            raise ValueError("counts of only one arm: give both arms, or use `results`")
        if counts == (self.scale is not None):
            raise ValueError("give either the counts of both arms, or scale and estimate")
        if not counts and self.estimate is None:
            raise ValueError("a scale needs its estimate")
        if self.interval and not self.interval[0] < (self.estimate or 0) < self.interval[1]:
            raise ValueError("the estimate does not lie inside its interval")
        return self


class StudyResult(Document):
    """A single figure: a rate with its counts, a mean, a median, an accuracy."""

    quantity: Text
    value: Value | None = None
    unit: Text | None = None
    group: Text | None = None
    counts: ArmCounts | None = None
    interval: tuple[Value, Value] | None = None
    sd: Value | None = None
    sem: Value | None = None
    derived: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> "StudyResult":
        if (self.value is None) == (self.counts is None):
            raise ValueError("give either a value with its unit, or counts")
        if self.value is not None and self.unit is None:
            raise ValueError("a value needs its unit")
        if self.sd is not None and self.sem is not None:
            raise ValueError("give the standard deviation or the standard error of the mean")
        return self


class RiskOfBias(Document):
    """Judgements by the domains of ROBINS-I (cohorts) or RoB 2 (trials)."""

    tool: Literal["ROBINS-I", "RoB 2"] = "ROBINS-I"
    confounding: Judgement = "not assessed"
    selection: Judgement = "not assessed"
    classification: Judgement = "not assessed"
    deviations: Judgement = "not assessed"
    missing_data: Judgement = "not assessed"
    measurement: Judgement = "not assessed"
    reporting: Judgement = "not assessed"
    rationale: Text | None = None


class EvidenceStudy(Document):
    """One source of evidence.

    Attributes
    ----------
    name
        Short name, unique among all files.
    citation, locator
        The source, and where it can be looked up.
    read
        The source that was read: the article, its abstract, a registry, or an account by others.
    status
        Of a registered trial: its present status.
    confounding_control
        How the source controlled for differences between its arms.
    """

    name: Name
    citation: Text
    year: Annotated[Whole, Field(ge=1950, le=2100)] | None = None
    locator: Locator
    read: HowRead
    design: Design
    status: Literal["recruiting", "unknown", "completed", "withdrawn", "planned"] | None = None
    population: StudyPopulation
    therapy: StudyTherapy | None = None
    confounding_control: Text | None = None
    comparisons: tuple[StudyComparison, ...] = ()
    results: tuple[StudyResult, ...] = ()
    risk_of_bias: RiskOfBias = RiskOfBias()
    note: Text | None = None

    @model_validator(mode="after")
    def _has_content(self) -> "EvidenceStudy":
        if not (self.comparisons or self.results or self.note):
            raise ValueError("a study needs comparisons, results or a note")
        if (self.design == "registered trial") != (self.status is not None):
            raise ValueError("a registered trial, and no other study, has a status")
        return self


class EvidenceFile(Document):
    """A file of studies on one question."""

    about: Text
    studies: Annotated[tuple[EvidenceStudy, ...], Field(min_length=1)]
