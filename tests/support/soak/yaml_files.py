"""Every kind of YAML or JSON file that a user may write or edit, and its reader."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from estimate.plan.spec import Plan
from pretese.article.published import load_published
from pretese.fitting.table.column_map import read_column_map
from pretese.jobs.storage.study_folder import study_folder
from pretese.literature.library import read_evidence
from pretese.literature.prior_source import prior_source
from pretese.recovery.design.library import LIBRARY
from pretese.recovery.design.study_spec import StudyPlan, StudySpec
from pretese.trial.design.design_reader import design_path, read_design
from protocol.audit.log.mapping import read_mapping
from protocol.bedside.cases import load_cases, run_cases
from protocol.bedside.patient import patient_record
from protocol.bedside.patient_file import PatientFile
from protocol.errors import InputError
from protocol.reading.documents import read_document, read_text
from protocol.regimen.load import SHIPPED, load_regimen
from simulate.clinic.setup.clinic_file import read_clinic
from simulate.core.shipped import scenario_path
from simulate.scenario.calibration_record import parse_calibration_record
from simulate.scenario.load import load, load_scenario
from tests.support.hostile_yaml import spans

ROOT = Path(__file__).parents[3]

PATIENT = """\
patient: p-1
started: 2022-03-01
phases: [hcg]
entry: {azoospermic_samples: 2, centrifuge_g: 3000, karyotype: normal, radio_or_chemotherapy: no}
measurements:
  - {date: 2022-03-30, name: fsh, value: 9.8, unit: IU/L, source: laboratory}
  - {date: 2022-03-30, name: semen, value: no sperm}
couple_ready: yes
"""

STUDY_PLAN = """\
outcome: any_sperm
covariates: [fsh_iu_l, diagnosis]
methods: [unadjusted, adjusted]
subgroups: {fsh: {by: fsh_iu_l, cut: "< 10"}}
missing: {method: mice, imputations: 5, iterations: 3}
seed: 3
"""

EVIDENCE = """\
about: a study of one's own
studies:
  - name: own-2024
    citation: A clinic's own patients
    year: 2024
    locator: none stated
    read: abstract
    design: cohort
    population: {diagnosis: non-obstructive azoospermia, surgery: first, patients: 40}
    therapy:
      drugs: [{drug: hCG, schedule: twice a week}]
      months: [3, 4]
    confounding_control: none
    comparisons:
      - endpoint: sperm retrieved
        therapy: {events: 8, patients: 20}
        control: {events: 5, patients: 20}
"""

PRIOR = """\
about: the effect that experts expect
endpoint: sperm retrieved
status: elicited
components:
  - {weight_percent: 70, mean_log_odds: 0.4, sd_log_odds: 0.3, origin: studies}
  - {weight_percent: 30, mean_log_odds: 0, sd_log_odds: 0.1, origin: sceptical}
"""

LOG_MAPPING = """\
columns: {patient: ID, date: Day}
values: {event: {shot: injection}, drug: {Pregnyl: hcg}}
dates: dd/mm/yyyy
decimal: comma
"""

COLUMN_MAP = """\
id: own-clinic
columns:
  age_years: Age
  fsh_iu_l: {column: FSH, unit: mIU/mL}
  gonadotropin_therapy: {column: Therapy, values: {"1": [yes, hcg], "0": [no]}}
allocation: own choice
extends: paper
"""

#: Longest message: the maximum number of listed faults, each with its allowed values.
LONGEST = 100_000


def patient(path: Path) -> object:
    return patient_record(
        read_document(path, PatientFile).as_patient(), load_regimen("fsh-guided"), "mine.yaml"
    )


def cases(path: Path) -> object:
    file = path.replace(path.with_name("mine.cases.yaml"))
    return run_cases(load_regimen("no-therapy"), load_cases(file))


def record(path: Path) -> object:
    return parse_calibration_record(read_text(path), path)


def study(path: Path) -> object:
    path.replace(path.with_name("study.json"))
    with study_folder({"id": "another"}, path.parent, resume=True) as store:
        return store


def file(path: Path | Any) -> str:
    return path.read_text(encoding="utf-8")


#: Every kind of file that a user may write or edit: a valid text and its reader.
KINDS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "scenario": (file(scenario_path("paper")), lambda path: load(path, need_record=False)),
    "scenario that extends another": (file(scenario_path("hidden-confounder")),
                                      lambda path: load_scenario(str(path))),
    "design": (file(design_path("minimisation-eight-sites")), read_design),
    "design with interim analyses": (file(design_path("re-estimation")), read_design),
    "design with endpoints": (file(design_path("three-endpoints")), read_design),
    "clinic": (file(ROOT / "scenarios/clinics/busy-theatre.yaml"), read_clinic),
    "plan": (file(ROOT / "docs/examples/plan.yaml"), lambda path: read_document(path, Plan)),
    "plan of a study": (STUDY_PLAN, lambda path: read_document(path, StudyPlan)),
    "study": (file(LIBRARY), lambda path: read_document(path, StudySpec)),
    "regimen": (file(SHIPPED / "ufsh-only.yaml"), load_regimen),
    "cases of a regimen": (file(SHIPPED / "no-therapy.cases.yaml"), cases),
    "patient": (PATIENT, patient),
    "published study": (file(scenario_path("paper").parent / "published/rbe-2022-00934.yaml"),
                        load_published),
    "calibration record": (
        file(scenario_path("paper").parent / "calibration_records/paper.json"), record
    ),
    "evidence": (EVIDENCE, lambda path: read_evidence([path])),
    "prior": (PRIOR, lambda path: prior_source(path).make({})),
    "mapping of a log": (LOG_MAPPING, read_mapping),
    "columns of a table": (COLUMN_MAP, read_column_map),
    "record of a study": (
        '{"id": "x", "seed": 1, "cases": {"a": {"patients": 10, "given": [0.5]}}}',
        study,
    ),
}  # fmt: skip

PLACES = {kind: spans(text) for kind, (text, _) in KINDS.items()}


def answer(kind: str, text: str, folder: Path) -> str:
    """Return "read", or the message with which a text was refused."""
    path = folder / "mine.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reported = faults_of(lambda: KINDS[kind][1](path))
    assert len("\n".join(reported)) < LONGEST
    assert "" not in reported
    return "\n".join(reported) or "read"


def faults_of(read: Callable[[], object]) -> list[str]:
    """Return the faults for which reading was refused; none if the file was read."""
    try:
        read()
    except InputError as error:
        return [str(fault) for fault in error.faults] or [""]
    return []
