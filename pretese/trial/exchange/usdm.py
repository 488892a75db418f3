"""A planned trial as CDISC USDM 4.0 JSON, for systems that manage study definitions.

Codes are those of CDISC controlled terminology. Items that a design file does not contain (sponsor,
phase, blinding, eligibility) are omitted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pretese.io.output.versions import program_version
from pretese.trial.exchange.outline import OutlineArm, OutlineEndpoint, TrialOutline

USDM_VERSION = "4.0.0"

#: Meaning to code and preferred term of CDISC controlled terminology.
CODES = {
    "interventional": ("C98388", "Interventional Study"),
    "parallel": ("C82639", "Parallel Study"),
    "experimental": ("C174266", "Investigational Arm"),
    "no intervention": ("C174270", "No Intervention Arm"),
    "placebo": ("C174268", "Placebo Control Arm"),
    "within study": ("C188866", "Data Generated Within Study"),
    "treatment epoch": ("C101526", "Treatment Epoch"),
    "official title": ("C207616", "Official Study Title"),
    "primary objective": ("C85826", "Trial Primary Objective"),
    "secondary objective": ("C85827", "Trial Secondary Objective"),
    "primary endpoint": ("C94496", "Primary Endpoint"),
    "secondary endpoint": ("C139173", "Secondary Endpoint"),
    "male": ("C20197", "Male"),
    "intervention role": ("C41161", "Protocol Agent"),
    "placebo role": ("C753", "Placebo"),
    "drug": ("C1909", "Pharmacologic Substance"),
}

#: Release of the controlled terminology that contains these codes.
TERMINOLOGY = "2025-09-26"


@dataclass(slots=True)
class _Identifiers:
    """Identifiers of objects: class name and number, in the order of use."""

    used: dict[str, int] = field(default_factory=dict)

    def new(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return an object of a class with a new identifier."""
        number = self.used[kind] = self.used.get(kind, 0) + 1
        return {"id": f"{kind}_{number}", **fields, "instanceType": kind}

    def code(self, meaning: str) -> dict[str, Any]:
        """Return a code of CDISC controlled terminology."""
        code, decode = CODES[meaning]
        return self.new(
            "Code", code=code, codeSystem="http://www.cdisc.org",
            codeSystemVersion=TERMINOLOGY, decode=decode,
        )  # fmt: skip


def usdm(outline: TrialOutline) -> dict[str, Any]:
    """Return a trial as a USDM document.

    References
    ----------
    CDISC and TransCelerate, Unified Study Definitions Model, version 4.0.
    """
    made = _Identifiers()
    interventions = {arm.name: _intervention(made, arm) for arm in outline.arms
                     if arm.kind != "no intervention"}  # fmt: skip
    version = made.new(
        "StudyVersion",
        versionIdentifier=outline.version or "not stated",
        rationale=outline.question,
        studyIdentifiers=[],
        titles=[made.new("StudyTitle", text=outline.title, type=made.code("official title"))],
        studyInterventions=list(interventions.values()),
        studyDesigns=[_design(made, outline, interventions)],
    )
    study = {"name": outline.id, "label": outline.title, "versions": [version],
             "instanceType": "Study"}  # fmt: skip
    return {
        "study": study,
        "usdmVersion": USDM_VERSION,
        "systemName": "pretese",
        "systemVersion": program_version(),
        "instanceType": "Wrapper",
    }


def _intervention(made: _Identifiers, arm: OutlineArm) -> dict[str, Any]:
    return made.new(
        "StudyIntervention", name=arm.name, label=arm.regimen or arm.name,
        description=arm.regimen or "not stated in the design file",
        role=made.code("placebo role" if arm.kind == "placebo" else "intervention role"),
        type=made.code("drug"),
    )  # fmt: skip


def _design(
    made: _Identifiers, outline: TrialOutline, interventions: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    population = made.new(
        "StudyDesignPopulation", name="participants", includesHealthySubjects=False,
        plannedEnrollmentNumber=made.new("Quantity", value=outline.participants),
        plannedSex=[made.code("male")],
    )  # fmt: skip
    analysed = made.new(
        "AnalysisPopulation", name="as randomised",
        text=outline.endpoints[0].estimands[0].population, subsetOfIds=[population["id"]],
    )  # fmt: skip
    epoch = made.new("StudyEpoch", name="treatment", type=made.code("treatment epoch"))
    arms = [_arm(made, arm, population["id"]) for arm in outline.arms]
    elements = [_element(made, arm, interventions) for arm in outline.arms]
    cells = [
        made.new("StudyCell", armId=arm["id"], epochId=epoch["id"], elementIds=[element["id"]])
        for arm, element in zip(arms, elements, strict=True)
    ]
    objectives = [_objective(made, each) for each in outline.endpoints]
    return made.new(
        "InterventionalStudyDesign",
        name=outline.id,
        label=outline.title,
        description="; ".join(f"{name}: {words}" for name, words in outline.statistics),
        rationale=outline.question,
        studyType=made.code("interventional"),
        model=made.code("parallel"),
        arms=arms,
        epochs=[epoch],
        elements=elements,
        studyCells=cells,
        population=population,
        analysisPopulations=[analysed],
        objectives=objectives,
        estimands=list(_estimands(made, outline, objectives, analysed["id"], interventions)),
        studyInterventionIds=[each["id"] for each in interventions.values()],
    )


def _element(
    made: _Identifiers, arm: OutlineArm, interventions: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    given = [interventions[arm.name]["id"]] if arm.name in interventions else []
    return made.new(
        "StudyElement", name=arm.name, description=arm.regimen or None, studyInterventionIds=given
    )  # fmt: skip


def _arm(made: _Identifiers, arm: OutlineArm, population: str) -> dict[str, Any]:
    return made.new(
        "StudyArm", name=arm.name, label=arm.regimen or arm.name,
        description=f"{arm.allocation} parts of the allocation",
        type=made.code(arm.kind), dataOriginDescription="collected in the trial",
        dataOriginType=made.code("within study"), populationIds=[population],
    )  # fmt: skip


def _objective(made: _Identifiers, endpoint: OutlineEndpoint) -> dict[str, Any]:
    what = endpoint.estimands[0]
    text = f"{what.variable}, {endpoint.month:g} months after recruitment"
    own = made.new(
        "Endpoint", name=endpoint.label, text=text, purpose="efficacy",
        level=made.code(f"{endpoint.level} endpoint"),
    )  # fmt: skip
    aim = f"To compare the arms by the {what.summary} of {what.variable}"
    return made.new(
        "Objective", name=endpoint.label, text=aim,
        level=made.code(f"{endpoint.level} objective"), endpoints=[own],
    )  # fmt: skip


def _estimands(
    made: _Identifiers, outline: TrialOutline, objectives: list[dict[str, Any]], analysed: str,
    interventions: dict[str, dict[str, Any]],
) -> Iterator[dict[str, Any]]:  # fmt: skip
    treated = [arm.name for arm in outline.arms if arm.kind == "experimental"]
    for endpoint, objective in zip(outline.endpoints, objectives, strict=True):
        for name, what in zip(treated, endpoint.estimands, strict=True):
            events = [
                made.new("IntercurrentEvent", name=each.event, text=each.event,
                         strategy=each.strategy)
                for each in what.intercurrent
            ]  # fmt: skip
            yield made.new(
                "Estimand", name=f"{endpoint.label}: {what.treatment}",
                populationSummary=what.summary, analysisPopulationId=analysed,
                interventionIds=[interventions[name]["id"]],
                variableOfInterestId=objective["endpoints"][0]["id"], intercurrentEvents=events,
            )  # fmt: skip
