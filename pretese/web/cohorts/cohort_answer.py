"""Results on the cohort page: flow, Table 1, true and estimated effects."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pretese.api.analysis import analyses
from pretese.api.simulation.cohorts import Cohort
from pretese.api.simulation.scenarios import Scenario
from pretese.web.cohorts.cohort_question import CohortQuestion
from protocol.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

#: Number of patients from whom true effects are computed; their Monte Carlo error is shown.
TRUTH_PATIENTS = 65_536

#: Methods for the effect on any sperm, with the population of each: the last part of the estimand's
#: name.
SHOWN_METHODS = {
    "unadjusted": "everyone",
    "g-computation": "everyone",
    "aipw": "everyone",
    "iptw-ate": "everyone",
    "iptw-att": "treated",
    "iptw-ato": "overlap",
}

#: Fields that an estimate must have to be shown.
ENDS = ["estimate", "conf_low", "conf_high"]

#: Baseline values for which the analyses adjust: the confounders that a clinic records.
COVARIATES: dict[str, Any] = {
    "age_years": "numeric",
    "infertility_duration_years": "numeric",
    "bmi_kg_m2": "numeric",
    "lh_iu_l": "numeric",
    "fsh_iu_l": "numeric",
    "testosterone_nmol_l": "numeric",
    "estradiol_pmol_l": "numeric",
    "prolactin_ng_ml": "numeric",
}

#: Steps of the flow: message key and column of each.
STEPS = (
    ("flow_completed", "completed"),
    ("flow_ejaculate", "sperm_in_ejaculate"),
    ("flow_surgery", "micro_tese"),
    ("flow_retrieved", "sperm_retrieved"),
    ("flow_icsi", "icsi"),
    ("flow_birth", "live_birth"),
)


@dataclass(frozen=True, slots=True)
class CohortAnswer:
    """A simulated cohort with its results; risk differences are fractions."""

    question: CohortQuestion
    scenario: Scenario
    cohort: Cohort
    flow: Mapping[str, Any]
    table1: "pd.DataFrame"
    effects: Sequence[Mapping[str, Any]]
    remarks: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the results as plain values."""
        from pretese.io.text.rounding_rule import rounded_document

        document = {
            "scenario": self.scenario.to_dict(),
            "cohort": self.cohort.to_dict(),
            "flow": self.flow,
            "table1": self.table1.to_dict("records"),
            "effects": list(self.effects),
            "remarks": list(self.remarks),
        }
        return dict(rounded_document(document))


def cohort_answer(question: CohortQuestion) -> CohortAnswer:
    """Simulate a cohort, analyse it, and compute the true effects.

    Raises
    ------
    InputError
        A changed number does not exist, or its value is not allowed.
    """
    scenario = question.read_scenario()
    cohort = question.simulated(scenario)
    patients = cohort.patients
    found, remarks = _analysed(patients)
    table1 = found.table1 if found is not None else _no_rows()
    effects = _effects(scenario, cohort, found)
    return CohortAnswer(question, scenario, cohort, flow_of(patients), table1, effects, remarks)


def flow_of(patients: "pd.DataFrame") -> dict[str, Any]:
    """Return the number of patients by arm, and the number who reached each step."""
    arms = {"treated": 1, "untreated": 0}
    groups = {arm: patients[patients["gonadotropin_therapy"] == code] for arm, code in arms.items()}
    return {
        "patients": len(patients),
        "arms": {arm: len(rows) for arm, rows in groups.items()},
        "steps": [
            {"name": name, **{arm: int(rows[column].sum()) for arm, rows in groups.items()}}
            for name, column in STEPS
        ],
    }


def with_any_sperm(patients: "pd.DataFrame") -> "pd.DataFrame":
    """Return patients with the endpoint: sperm in the ejaculate, or retrieved at surgery."""
    found = patients["sperm_in_ejaculate"].fillna(0) + patients["sperm_retrieved"].fillna(0)
    return patients.assign(any_sperm=(found > 0).astype(int))


def _analysed(patients: "pd.DataFrame") -> tuple[Any, list[str]]:
    """Return the analysis, or the reason why there is none."""
    diagnoses = ["idiopathic", *sorted(set(patients["diagnosis"]) - {"idiopathic"})]
    plan = {
        "treatment": "gonadotropin_therapy",
        "outcome": "any_sperm",
        "covariates": {**COVARIATES, "diagnosis": {"categorical": diagnoses}},
        "methods": list(SHOWN_METHODS),
    }
    try:
        found = analyses.analyse(with_any_sperm(patients), plan, progress=False)
    except InputError as error:  # for example, an arm without complete cases
        return None, [str(each) for each in error.faults]
    return found, list(found.remarks)


def _effects(scenario: Scenario, cohort: Cohort, found: Any) -> list[dict[str, Any]]:
    """Return risk differences of any sperm: estimate, truth in the cohort and the population."""
    if found is None:
        return []
    rows = found.estimates
    estimates = rows[rows["scale"] == "risk difference"].set_index("method")
    effects = scenario.truth(TRUTH_PATIENTS).frame
    truths = effects[effects["scale"] == "risk difference"].set_index("estimand")
    sample = _sample_effects(cohort)
    shown = []
    for method, group in SHOWN_METHODS.items():
        if method not in estimates.index or estimates.loc[method, ENDS].isna().any():
            continue  # too few patients for an interval by this method
        row, true = estimates.loc[method], truths.loc[f"any_sperm.{group}"]
        covered = bool(row["conf_low"] <= true["truth"] <= row["conf_high"])
        shown.append({
            "method": method, "group": group, "estimate": float(row["estimate"]),
            "conf_low": float(row["conf_low"]), "conf_high": float(row["conf_high"]),
            "n": int(row["n"]), "true_in_cohort": sample[group],
            "true_in_population": float(true["truth"]), "mcse": float(true["mcse"]),
            "interval_holds_truth": covered,
        })  # fmt: skip
    return shown


def _sample_effects(cohort: Cohort) -> dict[str, float]:
    """Return the mean difference of both potential outcomes in the patients of the cohort."""
    truth = cohort.truth
    gain = truth["any_sperm_treated"] - truth["any_sperm_untreated"]
    treated = cohort.patients["gonadotropin_therapy"].to_numpy() == 1
    overlap = truth["propensity"] * (1 - truth["propensity"])
    return {
        "everyone": float(gain.mean()),
        "treated": float(gain[treated].mean()),
        "overlap": float((gain * overlap).sum() / overlap.sum()),
    }


def _no_rows() -> "pd.DataFrame":
    import pandas as pd

    return pd.DataFrame()
