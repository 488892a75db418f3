"""Trials that test all participants and a population, and may continue with only the population."""

import pytest
import yaml

import pretese as pt
from pretese.trial.multi_arm.adaptation import FUTILITY, SELECTION
from pretese.trial.multi_arm.design.configurations import arm_configurations
from pretese.trial.multi_arm.design.design_file import parse_multi_arm
from pretese.trial.multi_arm.enrichment import conduct_enrichment, draw_screened
from pretese.trial.multi_arm.results.measures import summarise_arms
from pretese.trial.multi_arm.simulate_arms import simulate_arms
from protocol.errors import InputError

LONG = {"name": "long", "variable": "infertility_duration_years", "above": 3}
SHIPPED = pt.design("enrichment-long-infertility").to_dict()


def read(**changes):
    return parse_multi_arm(yaml.safe_dump({**SHIPPED, **changes}, sort_keys=False), "file.yaml")


@pytest.fixture(scope="module")
def design():
    return read(participants=160, enrichment={"population": LONG, "all_z": 1, "population_z": 0})


@pytest.fixture(scope="module")
def drawn(design):
    return draw_screened(design, None, 160, 1, 0, 120)


def test_an_enriched_trial_recruits_only_members_of_the_population(design, drawn):
    found = conduct_enrichment(design, arm_configurations(design)[0], drawn, 160)
    enriched = (found.reason[:, 0] == SELECTION) & (found.at_analysis[:, 1] == 2)
    stopped = (found.reason == FUTILITY).all(1)
    assert enriched.sum() > 5
    assert (found.participants[enriched].sum(1) >= 160).all()  # and those recruited meanwhile
    assert (found.at_analysis[stopped] == 1).all()
    assert (found.participants[stopped].sum(1) == 80).all()
    whole = (found.analyses == 2) & ~enriched
    assert (found.participants[whole].sum(1) == 160).all()
    assert found.months[enriched].mean() > found.months[whole].mean()


def test_the_effect_is_in_the_patients_of_a_configuration(design, drawn):
    names = [each.name for each in arm_configurations(design)]
    truth = {
        each.name: conduct_enrichment(design, each, drawn, 160).truth.mean(0)
        for each in arm_configurations(design)
    }
    assert truth["no treatment works"] == pytest.approx([0, 0])
    assert truth["works only outside long"][1] == 0
    inside = truth["works only in long"]
    assert inside[1] == truth["as planned"][1]
    assert 0.3 < inside[0] / inside[1] < 0.6  # number of participants who are members
    assert names[2:] == ["works only in long", "works only outside long"]


def test_one_analysis_is_the_closed_test_of_both_with_their_correlation(design, drawn):
    single = read(
        participants=160, monitoring={"alpha_percent": 2.5, "sides": 1},
        enrichment={"population": LONG},
    )  # fmt: skip
    found = simulate_arms(single, 160, seed=1, size=60)["as planned"]
    z, rejected = found.z, found.rejected > 0
    both = (z >= 2.25).any(1)  # above the critical value at any correlation
    assert (rejected[both] == (z[both] >= 1.959964)).all()
    assert not rejected[(z < 1.959964).all(1)].any()
    neither = (z.max(1) > 1.97) & (z.max(1) < 2.0)  # the intersection is not rejected
    assert not rejected[neither].any()


def test_interaction_is_reported_with_its_power(design, drawn):
    cases = arm_configurations(design)
    found = [
        summarise_arms(design, each, conduct_enrichment(design, each, drawn, 160))
        for each in (cases[1], cases[2])
    ]
    null, inside = (each["interaction"] for each in found)
    assert null["value"] < 0.1
    assert inside["value"] > 0.3
    assert found[0]["familywise_error"]["n"] == 120


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"testing": {"procedure": "holm"}}, "needs testing.procedure combination"),
        ({"dropping": {"futility_z": [0]}}, "rules of its own"),
        ({"secondary": [{"name": "x", "population": LONG}]}, "excludes secondary"),
        ({"enrichment": {"population": {**LONG, "variable": "height"}}}, "not a baseline value"),
        ({"enrichment": {"population": {"name": "x"}}}, "give variable with above or up_to"),
        ({"enrichment": {"population": {"name": "x", "diagnosis": ["flu"]}}}, "no diagnosis"),
    ],
)
def test_enrichment_that_cannot_be_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        read(**changes)
