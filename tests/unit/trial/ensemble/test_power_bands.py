"""Power over parameter sets: simulation by counts where they suffice, bands, and the command."""

import json

import pytest

import pretese
from estimate.sample_size.closed_form import power_two_proportions
from pretese.cli import run
from pretese.trial.design.design_reader import read_design
from pretese.trial.ensemble.member_power import counted_endpoint, point_scenario
from protocol.errors import InputError


def design_file(name):
    return read_design(name)[0]


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [("superiority-any-sperm", "any_sperm"), ("superiority-retrieval-only", None)],
)
def test_counts_suffice_if_no_participant_is_excluded(name, endpoint):
    assert counted_endpoint(design_file(name)) == endpoint


def test_power_at_each_set_is_that_of_its_event_rates():
    found = pretese.design("superiority-any-sperm").power_bands(2, [600], progress=False)
    size = found.result.sizes[0]
    for each in (found.result.point, *found.result.members):
        expected = power_two_proportions(each.risk_treated, each.risk_control, 300, 300)
        assert each.power[0] == pytest.approx(expected, abs=0.04)
        assert each.type_one[0] == pytest.approx(0.05, abs=0.015)
    powers = [each.power[0] for each in found.result.members]
    assert min(powers) <= size.band[0] <= size.mean <= size.band[1] <= max(powers)
    assert found.to_frame()["band_low"].tolist() == [pytest.approx(size.band[0])]
    assert found.result.influences[0].span == max(each.span for each in found.result.influences)


def test_the_command_prints_bands(capsys):
    words = "power superiority-any-sperm --worlds 2 --participants 300 --replicates 200 --json"
    assert run(words.split()) == 0
    document = json.loads(capsys.readouterr().out)
    assert [each["participants"] for each in document["sizes"]] == [300]
    assert len(document["worlds"]) == 2
    assert run(["truth", "paper", "--worlds", "2", "--patients", "1000"]) == 0
    assert "bands of 2 sets" in capsys.readouterr().out


def test_fixed_event_rates_have_no_ensemble():
    with pytest.raises(InputError, match="fixed event rates"):
        point_scenario(design_file("re-estimation"))
