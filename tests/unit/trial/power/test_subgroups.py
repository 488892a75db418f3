"""Subgroups of two-arm trials: counts, power of the interaction, claims, report and refusals."""

import numpy as np
import pytest
import yaml
from scipy.stats import norm

import pretese
from estimate.heterogeneity.subgroup_tests import (
    hochberg,
    interaction_estimate,
    interaction_power,
    score_statistic,
)
from pretese.trial.conduct.observed_data import observe
from pretese.trial.conduct.participants import scenario_of
from pretese.trial.conduct.trial_conduct import draw_trials
from pretese.trial.measures.subgroups import subgroup_family, subgroup_measures
from pretese.trial.report.design_words import described
from pretese.trial.report.figures.subgroup_figure import draw_subgroup_forest
from pretese.trial.simulation.patient_level import run_block
from protocol.errors import InputError

FIELDS = yaml.safe_load(pretese.design("who-benefits").text)
CLAIMS = FIELDS["subgroups"]


def design_of(**changes):
    return pretese.design({**FIELDS, "participants": 240, **changes})._file


@pytest.fixture(scope="module")
def found():
    design = design_of()
    points = [(240, 0.0), (240, 1.0)]
    return design, run_block(design, scenario_of(design), 4, points, 0, 300)


def test_counts_by_hand(found):
    design, results = found
    trials = draw_trials(design, scenario_of(design), 4, 240, 300)
    data = observe(design, trials, 1.0)
    counts = results[240, 1.0].subgroup_counts.reshape(300, 3, 2, 2, 2)
    years = data.baseline["infertility_duration_years"]
    here = (years > 3) & (data.arm == 1)
    assert counts[:, 0, 0, 1, 1].tolist() == here.sum(1).tolist()
    assert counts[:, 0, 0, 1, 0].tolist() == (here & (data.outcome == 1)).sum(1).tolist()
    others = (years <= 3) & (data.arm == 0)  # neither has participants without a value
    assert counts[:, 0, 1, 0, 1].tolist() == others.sum(1).tolist()
    assert (counts[:, 0, ..., 1].sum((1, 2)) <= 240).all()


def test_interaction_of_one_trial_by_hand():
    counts = np.array([[[12, 40], [26, 45]], [[10, 38], [11, 41]]], float)
    p = counts[..., 0] / counts[..., 1]
    value, error = interaction_estimate(counts, "risk difference")
    assert value == pytest.approx((p[0, 1] - p[0, 0]) - (p[1, 1] - p[1, 0]))
    assert error == pytest.approx((p * (1 - p) / counts[..., 1]).sum() ** 0.5)
    value, error = interaction_estimate(counts, "log odds ratio")
    win, lose = counts[..., 0] + 0.5, counts[..., 1] - counts[..., 0] + 0.5
    odds = np.log(win / lose)
    assert value == pytest.approx((odds[0, 1] - odds[0, 0]) - (odds[1, 1] - odds[1, 0]))
    assert error == pytest.approx((1 / win + 1 / lose).sum() ** 0.5)
    assert np.isnan(interaction_estimate([[[0, 0], [1, 2]], [[1, 2], [1, 2]]], "log odds ratio")[0])


@pytest.mark.parametrize("scale", ["risk difference", "log odds ratio"])
def test_the_closed_form_is_the_power_of_simulated_counts(scale):
    risks, sizes = np.array([[0.25, 0.5], [0.3, 0.36]]), np.array([[110, 110], [140, 140]])
    rng = np.random.default_rng(8)
    won = rng.binomial(sizes, risks, (20_000, 2, 2))
    value, error = interaction_estimate(
        np.stack([won, np.broadcast_to(sizes, won.shape)], -1), scale
    )
    simulated = (np.abs(value / error) >= norm.isf(0.025)).mean()
    assert simulated == pytest.approx(interaction_power(risks, sizes, scale), abs=0.012)


def test_simulated_power_agrees_with_the_closed_form(found):
    design, results = found
    for effect in (0.0, 1.0):
        for row in subgroup_measures(design, results[240, effect]):
            for each in row["interaction"].values():
                p = each["closed_form"]
                assert abs(each["power"]["value"] - p) < 4 * (p * (1 - p) / 300) ** 0.5 + 0.01
    duration = subgroup_measures(design, results[240, 1.0])[0]
    gap = duration["members"]["true_difference"]["value"]
    gap -= duration["others"]["true_difference"]["value"]
    assert duration["interaction"]["risk_difference"]["true"] == pytest.approx(gap, abs=0.01)


def test_hochberg_steps_up():
    p = np.array([[0.04, 0.045, 0.03], [0.02, 0.2, 0.9], [0.02, 0.03, 0.2], [0.016, 0.9, 0.9]])
    expected = [[True] * 3, [False] * 3, [False] * 3, [True, False, False]]
    assert hochberg(p, 0.05).tolist() == expected
    assert hochberg([np.nan, 0.02], 0.05).tolist() == [False, True]


def test_claims_follow_the_primary_and_keep_the_family_wise_error(found):
    design, results = found
    outcomes = results[240, 1.0]
    z = score_statistic(outcomes.subgroup_counts.reshape(300, 3, 2, 2, 2)[:, :, 0])
    won = hochberg(norm.sf(z), 0.025) & ((outcomes.rejected > 0) & (outcomes.z > 0))[:, None]
    family = subgroup_family(design, outcomes)
    assert family["any"]["value"] == pytest.approx(won.any(1).mean())
    assert [
        row["claimed"]["value"] for row in subgroup_measures(design, outcomes)
    ] == pytest.approx(won.mean(0).tolist())
    assert len(family["errors"]) == 7
    assert (
        max(each["value"] for each in family["errors"]) < 0.025 + 4 * (0.025 * 0.975 / 300) ** 0.5
    )
    alone = design_of(subgroups={**CLAIMS, "claims": {"method": "holm", "after_primary": False}})
    free = subgroup_family(alone, outcomes)
    assert free["method"] == "holm"
    assert free["any"]["value"] >= family["all"]["value"]


def test_the_report_shows_them():
    study = pretese.design({**FIELDS, "participants": 160}).power(replicates=40, progress=False)
    point = study.to_dict()["designs"][0]["points"][-1]
    assert [row["subgroup"] for row in point["subgroups"]][1] == "FSH > 20 IU/L"
    assert "Interaction of treatment and subgroup" in str(study)
    assert "FSH > 20 IU/L (fsh_iu_l above 20)" in dict(described(design_of()))["Subgroups"]
    (axes,) = draw_subgroup_forest(study.to_dict()["designs"][0]).axes
    assert [each.get_text() for each in axes.get_yticklabels()][:2] == [
        "infertile > 3 years", "others",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"monitoring": {"analyses_percent": [50, 100]}}, "need a trial of one analysis"),
        (
            {"subgroups": {"populations": [{"name": "a", "variable": "fsh"}]}},
            "not a baseline value",
        ),
        (
            {
                "subgroups": {
                    **CLAIMS,
                    "claims": {"method": "hochberg", "weights_percent": [50, 50]},
                }
            },
            "takes neither weights",
        ),
        ({"subgroups": {**CLAIMS, "claims": {"method": "fallback"}}}, "weights_percent"),
        ({"subgroups": {"populations": CLAIMS["populations"][:1] * 2}}, "same name"),
        (
            {"endpoint": {"endpoint_month": 4, "missing": "multiple imputation"}},
            "count observed outcomes",
        ),
    ],
)
def test_subgroups_that_cannot_be_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        design_of(**changes)
