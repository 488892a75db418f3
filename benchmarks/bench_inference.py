"""Imputation, mediation and Firth's regression against peers in Python and, if installed, R.

542 patients with the missing values of the published cohort. Both sides of each pair are first
checked to give the same result, within Monte Carlo error if they use random numbers.
"""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from firthmodels import FirthLogisticRegression
from scipy.special import expit
from statsmodels.imputation.mice import MICEData
from statsmodels.stats.mediation import Mediation

from benchmarks.timing import best_of
from estimate.imputation.chain import Column, impute
from estimate.mediation.mediation_analysis import mediate
from estimate.regression.firth import fit_firth

COHORT = Path(__file__).parents[1] / "tests" / "reference" / "r" / "cohort542_mar.csv"
IMPUTATIONS, ITERATIONS, DRAWS, STUDIES = 20, 10, 10_000, 200
#: Number of these that the peers compute; rates are compared.
FEW_IMPUTATIONS, FEW_DRAWS = 2, 200
HORMONES = ["lh", "fsh", "t", "e2", "prl"]

R_PROGRAM = """
suppressMessages(library(mice)); d <- read.csv("{file}", stringsAsFactors = TRUE); d$id <- NULL
t <- system.time(mice(d, m = {m}, maxit = {it}, print = FALSE, seed = 1))["elapsed"]; cat(t)
"""


def read() -> pd.DataFrame:
    patients = pd.read_csv(COHORT).drop(columns="id")
    dummies = pd.get_dummies(patients.pop("dx"), dtype=float).drop(columns="idiopathic")
    return pd.concat([patients.astype(float), dummies], axis=1)


def impute_here(patients: pd.DataFrame) -> np.ndarray:
    columns = [Column(name) for name in patients]
    done = impute(
        patients, columns, np.random.default_rng(1), imputations=IMPUTATIONS, iterations=ITERATIONS
    )
    return done.completed.mean((0, 1))


def impute_there(patients: pd.DataFrame) -> np.ndarray:
    """Impute with ten iterations each; statsmodels draws from numpy's global state."""
    state = np.random.get_state()  # noqa: NPY002  statsmodels takes no generator here
    np.random.seed(1)  # noqa: NPY002  as above
    chain = MICEData(patients, k_pmm=5)
    means = []
    for _ in range(FEW_IMPUTATIONS):
        chain.update_all(ITERATIONS)
        means.append(chain.data[patients.columns].mean().to_numpy())
    np.random.set_state(state)  # noqa: NPY002  and puts back what was
    return np.mean(means, axis=0)


def impute_in_r() -> float | None:
    """Return seconds measured by R, or None if R or mice is not installed."""
    if shutil.which("Rscript") is None:
        return None
    program = R_PROGRAM.format(file=COHORT, m=IMPUTATIONS, it=ITERATIONS)
    run = subprocess.run(
        ["Rscript", "--vanilla", "-e", program], capture_output=True, text=True, check=False
    )
    return float(run.stdout) if run.returncode == 0 else None


def mediation_data() -> pd.DataFrame:
    patients = pd.read_csv(COHORT.with_name("cohort542_full.csv"))
    return patients.assign(known_cause=(patients["dx"] != "idiopathic").astype(float))


COVARIATES = ["age", "dur", "bmi", "vol", *HORMONES]


def mediate_here(patients: pd.DataFrame, draws: int = DRAWS) -> tuple[float, float]:
    answer = mediate(
        patients["known_cause"],
        patients["gonadotropin_therapy"],
        patients["y"],
        np.random.default_rng(1),
        names=("diagnosis", "gonadotropin_therapy", "y"),
        covariates=patients[COVARIATES],
        draws=draws,
    )
    acme = answer.effects["acme"]
    return float(acme.mean), float(acme.std_error)


def mediate_there(patients: pd.DataFrame) -> float:
    base = np.column_stack([np.ones(len(patients)), patients["known_cause"], patients[COVARIATES]])
    family = sm.families.Binomial()
    outcome = sm.GLM(
        patients["y"].to_numpy(),
        np.column_stack([base, patients["gonadotropin_therapy"]]),
        family=family,
    )
    mediator = sm.GLM(patients["gonadotropin_therapy"].to_numpy(), base, family=family)
    peer = Mediation(outcome, mediator, (1, 1), base.shape[1])
    fit = peer.fit(method="parametric", n_rep=FEW_DRAWS, rng=np.random.default_rng(1))
    return float(fit.summary().loc["ACME (average)", "Estimate"])


def small_studies() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    design = np.concatenate([np.ones((STUDIES, 38, 1)), random.normal(size=(STUDIES, 38, 3))], -1)
    yes = random.random((STUDIES, 38)) < expit(design[..., 1] - 0.5)
    return design, yes.astype(float)


def firth_there(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    pairs = zip(design, y, strict=True)
    return np.array([FirthLogisticRegression(gtol=1e-8).fit(x[:, 1:], k).coef_ for x, k in pairs])


def main() -> None:
    patients, full, (design, y) = read(), mediation_data(), small_studies()
    ours, theirs = impute_here(patients), impute_there(patients)
    assert np.allclose(ours, theirs, rtol=0.02), "imputed means differ"
    middle, sd = mediate_here(full)
    assert abs(mediate_there(full) - middle) < 5 * sd / np.sqrt(FEW_DRAWS)
    assert np.allclose(fit_firth(design, y).coef[:, 1:], firth_there(design, y), atol=1e-3)
    seconds = best_of(
        2,
        {
            "impute, here": lambda: impute_here(patients),
            "impute, statsmodels": lambda: impute_there(patients),
            "mediate, here": lambda: mediate_here(full),
            "mediate, statsmodels": lambda: mediate_there(full),
            "Firth, batched": lambda: fit_firth(design, y),
            "Firth, firthmodels loop": lambda: firth_there(design, y),
        },
    )
    took = list(seconds.values())
    in_r = impute_in_r()
    each = took[0] / IMPUTATIONS, took[1] / FEW_IMPUTATIONS
    print(f"imputation, 542 patients, 5 incomplete columns, {ITERATIONS} iterations")
    print(
        f"  {IMPUTATIONS} here {took[0]:.2f} s   {FEW_IMPUTATIONS} in statsmodels {took[1]:.2f} s"
    )
    print(f"  ratio per imputation {each[1] / each[0]:.0f}")
    if in_r is None:
        print("  R mice: skipped, Rscript with the package mice is not installed")
    else:
        print(f"  {IMPUTATIONS} in R mice {in_r:.2f} s   ratio {in_r / took[0]:.1f}")
    each = took[2] / DRAWS, took[3] / FEW_DRAWS
    print("mediation, 542 patients, 9 covariates")
    print(f"  {DRAWS} draws here {took[2]:.2f} s   {FEW_DRAWS} in statsmodels {took[3]:.2f} s")
    print(f"  ratio per draw {each[1] / each[0]:.0f}")
    print(f"Firth, {STUDIES} studies of 38 patients")
    print(f"  here {took[4]:.3f} s   firthmodels {took[5]:.3f} s   ratio {took[5] / took[4]:.1f}")
