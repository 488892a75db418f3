"""Files that commands of pages read but no page shows, mostly tables of a clinic."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

import pretese
from tests.support.pages.page_blocks import DOCS

CLINICS = DOCS.parent / "scenarios" / "clinics"


def own_table() -> None:
    """Write the table that ``how-to/analyse-your-own-table`` analyses."""
    rng = np.random.default_rng(1)
    n = 300
    cause = rng.choice(["unexplained", "undescended", "mumps"], n, p=[0.6, 0.2, 0.2])
    fsh = rng.normal(18, 6, n).round(1)
    fsh[:25] = np.nan
    treated = rng.random(n) < np.where(cause == "unexplained", 0.6, 0.75)
    found = rng.random(n) < np.where(cause == "unexplained", 0.2, 0.5) + 0.1 * treated
    columns = {"received_fsh": treated * 1, "sperm_found": found * 1, "cause": cause, "fsh": fsh}
    columns["fsh_at_surgery"] = np.where(treated, (0.6 * fsh).round(1), np.nan)
    table = pd.DataFrame({**columns, "age": rng.integers(22, 45, n)})
    table.to_csv("patients.csv", index=False)


def clinic_tables() -> None:
    """Write patients, visits and injections of a clinic that followed no fixed regimen."""
    cohort = pretese.scenario("fsh-at-discretion").simulate(patients=200, seed=1)
    sperm = cohort.patients[["sperm_in_ejaculate", "sperm_retrieved"]].fillna(0).max(axis=1)
    cohort.patients.assign(any_sperm=sperm).to_csv("patients.csv", index=False)
    cohort.visits.to_csv("visits.csv", index=False)
    cohort.injections.to_csv("injections.csv", index=False)
    shutil.copytree(DOCS / "examples", Path("docs/examples"))


def foreign_workbook() -> None:
    """Write the workbook that the columns of ``how-to/fit-a-scenario-to-your-table`` describe."""
    known = pretese.scenario("paper").simulate(patients=250, seed=1).patients
    words = {"idiopathic": "unexplained", "cryptorchidism": "UDT", "orchitis": "mumps"}
    columns = {
        "Age": "age_years",
        "Years trying": "infertility_duration_years",
        "FSH": "fsh_iu_l",
        "Volume": "testis_volume_ml",
        "Sperm after therapy": "sperm_in_ejaculate",
        "Sperm at TESE": "sperm_retrieved",
        "ICSI": "icsi",
        "Baby": "live_birth",
    }
    table = pd.DataFrame({ours: known[name] for ours, name in columns.items()})
    table["Testosterone"] = known["testosterone_nmol_l"] / 0.0347  # ng/dL
    table["Cause"] = known["diagnosis"].astype(str).map(words).fillna("AZFc deletion")
    table["Therapy"] = np.where(known["gonadotropin_therapy"] == 1, "hCG", "none")
    table.to_excel("patients.xlsx", index=False)


def own_clinic() -> None:
    """Write a user's clinic file: a copy of a shipped one."""
    shutil.copy(CLINICS / "one-centre.yaml", Path("ours.yaml"))


INPUTS: dict[str, Callable[[], None]] = {
    "how-to/analyse-your-own-table": own_table,
    "how-to/compare-dynamic-regimens": clinic_tables,
    "how-to/fit-a-scenario-to-your-table": foreign_workbook,
    "how-to/plan-clinic-capacity": own_clinic,
}
