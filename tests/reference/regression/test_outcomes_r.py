"""Outcomes other than 0/1, and signed ranks, equal R (g18)."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.comparison.two_sample import signed_rank
from estimate.core.columns import Categorical, Numeric
from estimate.core.complete_cases import analysis_set
from estimate.methods.shared_work import Work
from estimate.outcomes.counts import rate_ratio
from estimate.outcomes.cox import fit_cox, restricted_mean
from estimate.outcomes.measurements import ancova, mean_difference, weighted_difference
from estimate.outcomes.ordered import common_odds_ratio
from estimate.outcomes.times import cox_hazard_ratio, restricted_mean_difference
from estimate.survival.cumulative_live_birth import life_table, log_rank

R = Path(__file__).parents[1] / "r"
G18 = json.loads((R / "g18_outcomes.json").read_text())
COHORT = pd.read_csv(R / "cohort542_full.csv")
COUPLES = pd.read_csv(R / "icsi138.csv")
DX = Categorical(("idiopathic", "cryptorchidism", "orchitis", "azfc"))
MAIN = {name: Numeric() for name in ("age", "dur", "bmi", "vol")} | {"dx": DX}
MAIN |= {"lh": Numeric(), "fsh": Numeric()}
TIMES = COHORT.assign(months=G18["months"], born=G18["born"])


def study(table, outcome, kinds=None, **options):
    return analysis_set(
        table, treatment="therapy", outcome=outcome, covariates=kinds or {}, **options
    )


def times(kinds=None):
    return study(TIMES, "born", kinds, outcome_kind="time", time="months")


def close(answer, value, error, tolerance=1e-6):
    log = answer.scale not in ("mean difference", "RMST difference")
    assert (np.log if log else np.asarray)(answer.estimate) == pytest.approx(value, abs=tolerance)
    assert answer.std_error == pytest.approx(error, abs=tolerance)


@pytest.mark.parametrize("case", G18["signed_rank"].values(), ids=G18["signed_rank"])
def test_signed_rank(case):
    test = signed_rank(case["change"])
    assert test.statistic == case["V"]
    assert test.p_value == pytest.approx(case["p"], rel=1e-9)


def test_two_means():
    answer = mean_difference(study(COHORT, "t", outcome_kind="continuous"))
    close(answer, G18["means"]["estimate"], G18["means"]["se"])
    assert answer.p_value == pytest.approx(G18["means"]["p"], rel=1e-9)


def test_ancova_with_robust_errors():
    answer = ancova(study(COHORT, "t", MAIN, outcome_kind="continuous"))
    close(answer, G18["ancova"]["est"][1], G18["ancova"]["hc3"][1])


def test_a_weighted_mean_difference():
    """R treats the weights as known: slightly wider intervals, the same estimate."""
    work = Work(study(COHORT, "t", MAIN, outcome_kind="continuous"))
    answer = weighted_difference(work, "ate")
    assert answer.estimate == pytest.approx(G18["iptw_mean"]["est"][1], abs=1e-6)
    assert 0.9 * G18["iptw_mean"]["se"][1] < answer.std_error < 1.02 * G18["iptw_mean"]["se"][1]


def test_poisson_with_an_exposure():
    data = study(COUPLES, "d3", outcome_kind="count", exposure="oocytes")
    close(rate_ratio(data, []), G18["poisson"]["est"][1], G18["poisson"]["hc0"][1])


def test_proportional_odds():
    classes = np.digitize(COHORT["vol"], [5, 6.5, 8], right=True)
    kinds = {"age": Numeric(), "fsh": Numeric()}
    data = study(COHORT.assign(size=classes), "size", kinds, outcome_kind="ordinal")
    close(common_odds_ratio(data), G18["ordinal"]["est"][0], G18["ordinal"]["se"][0], 2e-4)


@pytest.mark.parametrize("name", ["arm_efron", "adjusted"])
def test_cox(name):
    kinds = {"age": Numeric(), "fsh": Numeric(), "dx": DX} if name == "adjusted" else {}
    expected = {k: np.atleast_1d(v)[0] for k, v in G18["cox"][name].items()}
    close(cox_hazard_ratio(times(kinds)), expected["est"], expected["se"], 1e-9)


def test_weighted_cox_with_robust_errors():
    work = Work(times(MAIN))
    answer = cox_hazard_ratio(work.data, [], weights=work.weights("ate").value)
    close(answer, G18["cox"]["weighted"]["est"], G18["cox"]["weighted"]["se"], 1e-7)


def test_restricted_means():
    answer = restricted_mean_difference(times(), 18.0)
    mean, error = (np.array(G18["rmst"][key]) for key in ("mean", "se"))
    close(answer, mean[1] - mean[0], np.hypot(*error), 1e-9)


def test_the_baseline_hazard_gives_back_the_survival_of_an_empty_model():
    time, event = np.array(G18["months"]), np.array(G18["born"], float)
    noise = np.random.default_rng(1).normal(size=(len(time), 1))
    fit = fit_cox(time, event, noise)
    surv = fit.survival_at(18.0, noise).mean()
    arms = COHORT["therapy"].to_numpy()
    expected = np.average(
        G18["survival_18"]["surv"], weights=[(arms == 0).sum(), (arms == 1).sum()]
    )
    assert surv == pytest.approx(expected, abs=0.005)
    assert restricted_mean(time, event, 18.0)[0] == pytest.approx(15.0, abs=0.2)


def test_log_rank_of_months_in_tenths():
    tenths = np.round(np.array(G18["months"]) * 10)
    born, therapy = np.array(G18["born"], float), COHORT["therapy"].to_numpy()
    last = int(tenths.max())
    tables = [life_table(tenths, born, (therapy == arm) * 1.0, last=last) for arm in (0, 1)]
    found = log_rank(*tables)
    assert found.statistic == pytest.approx(G18["log_rank"]["chisq"], rel=1e-9)
    assert found.p_value == pytest.approx(G18["log_rank"]["p"], rel=1e-9)
