"""Three treatments: accepted plans, reported results and recovery of known effects."""

import numpy as np
import pandas as pd
import pytest

import pretese as pt
from estimate.core.columns import Numeric
from estimate.core.complete_cases import analysis_set
from estimate.core.result import RATIOS
from estimate.methods.shared_work import Choices
from estimate.multivalued_treatment.comparisons import SEVERAL
from protocol.errors import InputError

ARMS = ("none", "hCG", "hCG and FSH")
EFFECTS = (0.0, 0.5, 1.0)


def columns(seed, *lead, n=300, effects=EFFECTS):
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, *lead, n))
    eta = np.stack([np.zeros(x.shape), 0.5 * x - 0.2, 0.6 * z - 0.3 * x], -1)
    arm = (eta + rng.gumbel(size=eta.shape)).argmax(-1)
    chance = [1 / (1 + np.exp(0.5 - e - 0.6 * x - 0.4 * z)) for e in effects]
    y = rng.random(x.shape) < np.choose(arm, chance)
    return {"arm": np.array(ARMS, object)[arm], "y": y * 1, "x": x, "z": z}, chance


def study(table, **options):
    return analysis_set(
        table, treatment="arm", levels=ARMS, outcome="y",
        covariates={"x": Numeric(), "z": Numeric()}, **options,
    )  # fmt: skip


def plan(**changes):
    return {"treatment": "arm", "treatment_levels": list(ARMS), "outcome": "y",
            "covariates": {"x": "numeric", "z": "numeric"},
            "methods": list(SEVERAL["binary"]), **changes}  # fmt: skip


@pytest.mark.parametrize("method", SEVERAL["binary"])
def test_p_values_agree_with_intervals_and_a_batch_is_its_studies(method):
    batch = study(columns(2, 8)[0])
    found = SEVERAL["binary"][method](batch, Choices())
    for each in found:
        null = 1 if each.scale in RATIOS else 0
        outside = (each.conf_low > null) | (each.conf_high < null)
        assert each.converged.all()
        assert np.array_equal(outside, each.p_value < 0.05)
    for each, alone in zip(found, SEVERAL["binary"][method](batch[3], Choices()), strict=True):
        assert each.estimate[3] == pytest.approx(float(alone.estimate), rel=1e-8)
        assert each.std_error[3] == pytest.approx(float(alone.std_error), rel=1e-8)


@pytest.mark.parametrize("method", ["iptw-ate", "g-computation"])
def test_known_effects_are_recovered_with_nominal_coverage(method):
    table, chance = columns(5, 400)
    truth = [(np.mean(c) - np.mean(chance[0])) for c in chance[1:]]
    found = [e for e in SEVERAL["binary"][method](study(table), Choices()) if "diff" in e.scale]
    for each, true in zip(found, truth, strict=True):
        mcse = each.estimate.std(ddof=1) / 20
        assert abs(each.estimate.mean() - true) < 3 * mcse + 0.002
        covered = ((each.conf_low < true) & (true < each.conf_high)).mean()
        assert abs(covered - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 400) + 0.005


def test_overlap_weights_balance_better_than_none():
    table = pd.DataFrame(columns(1, n=900)[0])
    balance = pt.analyse(table, plan(), progress=False).balance
    worst = balance.assign(d=balance.difference.abs()).groupby("method").d.max()
    for arm in ARMS[1:]:
        assert worst[f"iptw-ato: {arm} vs none"] < 0.5 * worst[f"unadjusted: {arm} vs none"]


def test_the_page_and_the_folder_hold_every_arm(tmp_path):
    table = pd.DataFrame(columns(1)[0])
    found = pt.analyse(table, plan(), progress=False)
    page = str(found)
    for arm in ARMS:
        assert f"arm = {arm}: y:" in page
    assert list(found.to_dict()["arms"]) == list(ARMS)
    assert "iptw-ate: hCG and FSH vs none" in set(found.estimates.method)
    assert "hCG and FSH and none, the reference" in found.to_html()
    found.write(tmp_path / "results")
    assert (tmp_path / "results" / "flow.svg").exists()
    heads = list(found.table1.columns)
    places = [next(i for i, head in enumerate(heads) if f"arm {arm} (" in head) for arm in ARMS]
    assert places == sorted(places)


def test_three_arms_with_missing_covariates_are_imputed_and_pooled():
    table = pd.DataFrame(columns(3, n=500)[0])
    whole = pt.analyse(table, plan(), progress=False).estimates
    gaps = np.random.default_rng(1).random(500) < 0.15
    table["z"] = table["z"].mask(gaps)
    mice = {"method": "mice", "imputations": 6, "iterations": 4}
    found = pt.analyse(table, plan(missing=mice, seed=2), progress=False)
    pooled = found.estimates
    assert pooled.converged.all()
    assert list(pooled.method) == list(whole.method)
    unadjusted = pooled.method.str.startswith("unadjusted")
    assert pooled.n[~unadjusted].eq(500).all()
    assert pooled.estimate[unadjusted].tolist() == whole.estimate[unadjusted].tolist()
    assert pooled.interval[~unadjusted].str.startswith("t, Rubin, 6 imputations").all()
    wider = pooled.std_error[~unadjusted] / whole.std_error[~unadjusted]
    assert wider.between(0.97, 1.3).all()
    assert sum(arm["patients"] for arm in found.to_dict()["arms"].values()) == 500


def test_sampling_weights_of_two_are_two_rows_for_three_arms():
    table = pd.DataFrame(columns(4)[0])
    table["w"] = 1.0 + np.arange(len(table)) % 2
    twice = table.loc[table.index.repeat(table.w.astype(int))]
    weighted = pt.analyse(table, plan(sampling_weights="w"), progress=False).estimates
    repeated = pt.analyse(twice, plan(), progress=False).estimates
    assert weighted.estimate.tolist() == pytest.approx(repeated.estimate.tolist(), rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"methods": ["aipw"]}, "compares two arms"),
        ({"splines": ["x"]}, "two treatments"),
        ({"treatment_levels": ["none", "hCG"]}, "code the column 0 and 1"),
        ({"treatment_levels": ["none", "none", "hCG"]}, "listed twice"),
        ({"treatment_levels": ["none", "hCG", "FSH"]}, "FSH"),
        ({"outcome": {"column": "y", "kind": "count"}}, "0/1 and continuous"),
    ],
)
def test_what_is_for_two_arms_is_refused(changes, words):
    with pytest.raises(InputError, match=words):
        pt.analyse(pd.DataFrame(columns(1)[0]), plan(**changes), progress=False)
