"""Forecasts of a trial under a prior, compared with quadrature, simulation and other interfaces."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit

import pretese
from estimate.core.numeric.normal_mixture import NormalMixture
from estimate.sample_size.assurance import assurance_two_proportions
from pretese.cli import run
from pretese.literature.forecast import forecast
from pretese.literature.forecast_parts import TrialPlan, Unknown
from pretese.literature.prior_source import BIAS, prior_source
from protocol.errors import InputError

PLAN = TrialPlan(0.24, (0.15, 0.3), 0.5, 1.0, 0.025)
BELIEF = NormalMixture.of([0.5, 0.3, 0.2], [0.4, -0.3, 0.0], [0.3, 0.6, 0.0])


def _forecast(
    plan: TrialPlan = PLAN, prior: NormalMixture = BELIEF, sizes: tuple[int, ...] = (400,)
):
    return forecast(lambda _: prior, plan, (), sizes, sizes[0], 60)


@pytest.mark.parametrize("participants", [80, 400, 2000])
def test_success_is_the_assurance_by_quadrature(participants: int) -> None:
    found = _forecast(sizes=(participants,)).sizes[0]
    exact = assurance_two_proportions(BELIEF, 0.24, participants / 2, participants / 2)
    assert found.success == pytest.approx(exact.success, abs=2e-5)
    assert found.benefit == pytest.approx(exact.benefit, abs=2e-3)
    assert found.misleading == pytest.approx(exact.misleading, abs=2e-4)
    assert found.harm_shown == pytest.approx(exact.harm_shown, abs=2e-5)


def test_success_is_what_simulated_trials_show() -> None:
    rng = np.random.default_rng(3)
    n = 200_000
    part = rng.choice(3, n, p=BELIEF.weight)
    effect = BELIEF.mean_of[part] + BELIEF.sd_of[part] * rng.standard_normal(n)
    treated, control = rng.binomial(200, expit(logit(0.24) + effect)), rng.binomial(200, 0.24, n)
    pooled = (treated + control) / 400
    z = (treated - control) / 200 / np.sqrt(pooled * (1 - pooled) / 100)
    assert _forecast().sizes[0].success == pytest.approx((z >= 1.959964).mean(), abs=0.01)


def test_the_band_holds_the_forecast_where_only_the_control_risk_is_unknown() -> None:
    size = _forecast().sizes[0]
    assert size.band[0] < size.success < size.band[1]
    certain = TrialPlan(0.24, (0.24, 0.24), 0.5, 1.0, 0.025)
    assert _forecast(certain).sizes[0].band == pytest.approx([size.success] * 2)


def test_each_unknown_moves_alone() -> None:
    def make(values):
        return NormalMixture.of([1.0], [values["shift"]], [0.2])

    found = forecast(make, PLAN, (Unknown("shift", 0.3, 0.0, 0.6),), (400,), 400, 60)
    shift = next(each for each in found.influences if each.name == "shift")
    assert shift.success_low < 0.1 < 0.6 < shift.success_high
    assert found.influences[0] is shift  # the most influential comes first


def test_a_pilot_keeps_the_forecast_on_average_and_narrows_the_effect() -> None:
    pilot = _forecast().pilot
    assert pilot.expected_sd < pilot.prior_sd
    assert pilot.success_after[0] < pilot.success_after[1] < pilot.success_after[2]
    sure = _forecast(prior=NormalMixture.of([1.0], [0.5], [0.0])).pilot
    assert sure.prior_sd == pytest.approx(0, abs=1e-9)
    assert np.ptp(sure.success_after) == pytest.approx(0, abs=1e-9)


def test_fewer_analysed_and_unequal_arms_lower_success() -> None:
    usual = _forecast().sizes[0].success
    assert _forecast(TrialPlan(0.24, (0.15, 0.3), 0.5, 0.8, 0.025)).sizes[0].success < usual
    assert _forecast(TrialPlan(0.24, (0.15, 0.3), 0.2, 1.0, 0.025)).sizes[0].success < usual


def test_the_evidence_gives_a_prior_that_moves_with_its_assumptions() -> None:
    source = prior_source("evidence")
    values = {each.name: each.value for each in source.unknowns}
    usual = source.make(values)
    assert usual.mean == pytest.approx(source.prior.mixture().mean)
    assert source.make({**values, BIAS: 0.4}).mean < usual.mean
    # one cohort reported harm: without it the expected effect is larger
    assert source.without["al-edwan-2020"].mean > usual.mean
    assert set(source.without) == set(source.prior.studies)
    assert 34 / 174 in source.control_risks


def test_a_design_a_command_and_a_file_give_the_same_forecast(tmp_path, capsys) -> None:
    path = tmp_path / "prior.yaml"
    pretese.evidence("before-first-retrieval").pool().prior().write(path)
    here = pretese.design("superiority-any-sperm").forecast("evidence", [300])
    assert run(["power", "superiority-any-sperm", "--prior", "evidence", "--participants", "300",
                "--json"]) == 0  # fmt: skip
    assert json.loads(capsys.readouterr().out) == json.loads(here.to_json())
    from_file = pretese.design("superiority-any-sperm").forecast(path, [300])
    assert from_file.to_frame()["success"][0] == pytest.approx(here.to_frame()["success"][0])
    assert run(["power", "superiority-any-sperm", "--prior", "evidence"]) == 0
    page = capsys.readouterr().out
    assert max(map(len, page.splitlines())) <= 80
    assert "Transported: evidence on sperm retrieved, endpoint any sperm." in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"prior": "nowhere"}, "neither a topic of evidence nor a file"),
        ({"participants": [4]}, "participants"),
        ({"pilot": 2}, "pilot"),
    ],
)
def test_a_forecast_that_cannot_be_made_is_refused(asked, words) -> None:
    with pytest.raises(InputError, match=words):
        pretese.design("superiority-any-sperm").forecast(**asked)
