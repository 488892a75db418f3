"""The fits of ``fits.R`` by this package, and the tables on which both work."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from estimate.core.analysis_set import AnalysisSet, Repeated
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.result import RATIOS, Estimate
from estimate.longitudinal.regimes import courses
from estimate.longitudinal.structural_model import StructuralModel, structural_model
from estimate.methods.shared_work import Choices, Work
from estimate.multivalued_treatment.comparisons import SEVERAL
from estimate.outcomes.counts import rate_ratio
from estimate.outcomes.mixed_model import fit_repeated
from estimate.outcomes.ordered import common_odds_ratio
from estimate.outcomes.repeated import repeated_differences
from estimate.outcomes.times import cox_hazard_ratio
from estimate.regression.adjustment import adjusted
from estimate.regression.estimating_equations import clustered_odds_ratio

STORED = Path(__file__).parents[2] / "tests/reference/r"
ARMS = ("none", "hcg", "both")
DX = Categorical(("idiopathic", "cryptorchidism", "orchitis", "azfc"))
WEIGHED = {name: Numeric() for name in ("age", "dur", "bmi", "vol", "lh", "fsh")} | {"dx": DX}


@dataclass(frozen=True)
class OurFit:
    """A call to be timed, and the estimates with standard errors as R states them."""

    call: Callable[[], Any]
    numbers: Callable[[Any], list[tuple[float, float]]]


def tables() -> dict[str, pd.DataFrame]:
    """Return the tables of all fits, made from the data beside the reference scripts."""
    couples = pd.read_csv(STORED / "icsi138.csv")
    oocytes = couples.loc[couples.index.repeat(couples["oocytes"])].reset_index(drop=True)
    pairs = zip(couples["oocytes"], couples["pn2"], strict=True)
    oocytes["y"] = np.concatenate([np.arange(n) < k for n, k in pairs]).astype(int)
    return {"cohort": _cohort(), "visits": _visits(), "months": _months(), "couples": couples,
            "oocytes": oocytes}  # fmt: skip


def our_fits() -> dict[str, OurFit]:
    """Return the fits by the names of the tasks of ``fits.R``."""
    table, rows = tables(), wide_visits()
    cohort = table["cohort"]
    few = dict.fromkeys(("age", "vol", "fsh"), Numeric())
    sizes = cohort.assign(size=cohort["size"] - 1)

    def two(data: pd.DataFrame, outcome: str, kinds: Any = None, **more: Any) -> AnalysisSet:
        return analysis_set(
            data, treatment="therapy", outcome=outcome, covariates=kinds or {}, **more
        )

    def three() -> list[Estimate]:
        data = analysis_set(cohort, treatment="arm", levels=ARMS, outcome="y", covariates=few)
        return [each for each in SEVERAL["binary"]["iptw-ate"](data, Choices())
                if each.scale == "risk difference"]  # fmt: skip

    surveyed = {"sampling": "w", "strata": "stratum", "cluster": "centre"}
    survey_kinds = dict.fromkeys(("age", "dur", "vol", "fsh"), Numeric()) | {"dx": DX}
    weight, timed = cohort["ps_weight"].to_numpy(), {"outcome_kind": "time", "time": "months"}
    return {
        "survey": _one(lambda: adjusted(two(cohort, "y", survey_kinds, **surveyed))),
        "three arms": OurFit(three, lambda found: [_number(each) for each in found]),
        "repeated": OurFit(lambda: _repeated(rows), lambda _: _visits_of_gls(rows)),
        "structural model": OurFit(lambda: _structural(table["months"]), _exposure),
        "Cox with weights": _one(
            lambda: cox_hazard_ratio(two(cohort, "born", **timed), [], weights=weight)
        ),
        "GEE": _one(lambda: clustered_odds_ratio(
            two(table["oocytes"], "y", {"n_et": Numeric()}, cluster="pid"))),
        "proportional odds": _one(lambda: common_odds_ratio(
            two(sizes, "size", {"age": Numeric(), "fsh": Numeric()}, outcome_kind="ordinal"))),
        "counts": _one(lambda: rate_ratio(
            two(table["couples"], "d3", outcome_kind="count", exposure="oocytes"), [])),
    }  # fmt: skip


def _one(call: Callable[[], Estimate]) -> OurFit:
    return OurFit(call, lambda found: [_number(found)])


def _number(found: Estimate) -> tuple[float, float]:
    value = np.log(found.estimate) if found.scale in RATIOS else found.estimate
    return float(value), float(found.std_error)


def _stored(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((STORED / f"{name}.json").read_text("utf-8"))
    return found


def _cohort() -> pd.DataFrame:
    """Return 542 patients with a survey design, three arms, times, classes and weights."""
    cohort, times = pd.read_csv(STORED / "cohort542_full.csv"), _stored("g18_outcomes")
    design, arms = _stored("g23_survey_design"), _stored("g19_weights_and_errors")["three_arms"]
    score = Work(analysis_set(cohort, treatment="therapy", outcome="y", covariates=WEIGHED))
    return cohort.assign(
        w=design["weight"], stratum=design["stratum"], centre=design["centre"], arm=arms["arm"],
        months=times["months"], born=times["born"], ps_weight=score.weights("ate").value,
        size=np.digitize(cohort["vol"], [5, 6.5, 8], right=True) + 1,
    )  # fmt: skip


def _months() -> pd.DataFrame:
    """Return one row per patient and month: hormone, treatment and outcome."""
    cohort, later = pd.read_csv(STORED / "cohort542_full.csv"), _stored("g22_structural_model")
    first = cohort[["id", "age"]].assign(month=1, h=cohort["fsh"], before=0, a=cohort["therapy"],
                                         y=later["y1"])  # fmt: skip
    second = cohort[["id", "age", "y"]].assign(
        month=2, h=later["h2"], before=cohort["therapy"], a=later["a2"]
    )
    rows = pd.concat([first, second]).sort_values(["id", "month"], ignore_index=True)
    return rows.assign(cum=rows.groupby("id")["a"].cumsum())


def _structural(rows: pd.DataFrame) -> StructuralModel:
    given, h, age, y = (
        rows[name].to_numpy(float).reshape(-1, 2) for name in ("a", "h", "age", "y")
    )
    return structural_model(courses(given, np.stack([h, age], -1), y[:, 1]), y, baseline=1)


def _exposure(found: StructuralModel) -> list[tuple[float, float]]:
    return [(float(found.coef[0]), float(np.sqrt(found.cov_robust[0, 0])))]


@cache
def wide_visits() -> pd.DataFrame:
    """Return 60 patients with three visits, some of them missed."""
    stored = _stored("g24_repeated")
    y = np.array(stored["y"], float)
    visits = {f"m{k + 1}": y[:, k] for k in range(3)}
    return pd.DataFrame(
        {"arm": stored["arm"], "base": stored["base"], "age": stored["age"], **visits}
    )


def _visits() -> pd.DataFrame:
    rows = wide_visits().assign(id=np.arange(60))
    long = rows.melt(id_vars=["id", "arm", "base", "age"], var_name="visit", value_name="y")
    return long.dropna().sort_values(["id", "visit"])


def _repeated(rows: pd.DataFrame) -> list[Estimate]:
    names = ("m1", "m2", "m3")
    measured = Repeated(rows[[*names]].to_numpy(), names, "base")
    kinds = {"base": Numeric(), "age": Numeric()}
    averaged = rows.assign(mean=rows[[*names]].mean(axis=1))
    data = analysis_set(averaged, treatment="arm", outcome="mean", covariates=kinds,
                        outcome_kind="repeated", repeated=measured)  # fmt: skip
    return repeated_differences(data)


def _visits_of_gls(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """Return the effects at each visit with errors as of gls, not Kenward and Roger's."""
    columns = np.zeros((len(rows), 3, 10))
    for k in range(3):
        columns[:, k, k], columns[:, k, 3 + k], columns[:, k, 6 + k] = 1, rows["arm"], rows["base"]
    columns[:, :, 9] = rows[["age"]]
    fit = fit_repeated(rows[["m1", "m2", "m3"]].to_numpy(), columns)
    error = np.sqrt(np.diag(fit.cov))
    return [(float(fit.coef[k]), float(error[k])) for k in (3, 4, 5)]
