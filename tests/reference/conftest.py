"""The cohort and the R output that reference tests compare with."""

import json
from pathlib import Path

import pandas as pd
import pytest

from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set

R = Path(__file__).parent / "r"

#: Programs for `make oracles`, which import each other from their own folder.
collect_ignore = ["r/compare.py", "r/tolerances.py"]

DIAGNOSES = ("idiopathic", "cryptorchidism", "orchitis", "azfc")

#: Names of the fixture's columns in this project.
NAMES = {
    "age": "age_years",
    "dur": "infertility_duration_years",
    "bmi": "bmi_kg_m2",
    "vol": "testis_volume_ml",
    "dx": "diagnosis",
    "lh": "lh_iu_l",
    "fsh": "fsh_iu_l",
    "t": "testosterone_nmol_l",
    "e2": "estradiol_pmol_l",
    "prl": "prolactin_ng_ml",
    "y": "sperm_retrieved",
}

KINDS = {
    name: Categorical(DIAGNOSES) if name == "diagnosis" else Numeric()
    for name in NAMES.values()
    if name != "sperm_retrieved"
}


@pytest.fixture(scope="session")
def r_output():
    """Read one of the JSON files."""
    return lambda name: json.loads((R / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def r_name():
    """Return the name of one of our columns in R's output."""
    back = {ours: theirs for theirs, ours in NAMES.items()}

    def translate(name):
        covariate, _, level = name.rstrip("]").partition("[")
        return f"{back[covariate]}_{level}" if level else back[covariate]

    return translate


def read_cohort(name):
    patients = pd.read_csv(R / f"{name}.csv").rename(columns=NAMES)
    return analysis_set(patients, treatment="therapy", outcome="sperm_retrieved", covariates=KINDS)


@pytest.fixture(scope="session")
def cohort():
    """All 542 patients, nothing missing."""
    return read_cohort("cohort542_full")


@pytest.fixture(scope="session")
def complete_cases():
    """The 401 of 542 patients with all hormones measured."""
    return read_cohort("cohort542_mar")


@pytest.fixture(scope="session")
def r_weights():
    return pd.read_csv(R / "g04_ps_weights.csv")
