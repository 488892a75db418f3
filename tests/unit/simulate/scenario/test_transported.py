"""Every number published for other patients or doses names both populations and doses."""

import re

import pytest
import yaml

from protocol.errors import InputError
from simulate.core.shipped import scenario_names, scenario_path
from simulate.scenario.load import load
from simulate.scenario.parameter_paths import parameters

#: Locators in the article whose patients are simulated, and numbers true by definition.
OF_THE_ARTICLE = re.compile(
    r"Methods|Results|Table|last digit of the printed|.*, by definition$|ln\(2\.85/1\.08\)"
)


@pytest.mark.parametrize("name", scenario_names())
def test_every_transported_number_names_both_populations_and_doses(name):
    found = load(name).transported
    assert len(found.numbers) >= 36
    assert found.to_population
    assert found.to_dose.startswith("treated: ")
    for each in found.numbers:
        assert len(each.from_population) > 8, each.number
        assert len(each.from_dose) > 8, each.number
        assert each.low <= each.value <= each.high, each.number
        assert each.low < each.high, each.number


@pytest.mark.parametrize("name", scenario_names())
def test_a_published_or_derived_number_is_of_the_simulated_patients(name):
    for path, each in parameters(load(name).scenario).items():
        if each.status in ("published", "derived"):
            own = "all below 350 ng/dL in Esteves 2024"  # the patients that `hypogonadal` simulates
            assert OF_THE_ARTICLE.match(each.source) or each.source == own, path


def test_a_scenario_that_inherits_a_calibration_inherits_its_transported_target():
    numbers = {each.number: each for each in load("null").transported.numbers}
    assert numbers["hormones.testosterone_rise.hypogonadal"].role == "target"
    assert numbers["hormones.testosterone_rise.hypogonadal"].low == pytest.approx(5.65)


def test_the_record_of_a_calibration_lists_what_is_transported():
    loaded = load("literature-null")
    own, inherited = loaded.records
    assert [each.number for each in own.transported.numbers if each.role == "target"] == [
        "truth.any_sperm.everyone.risk_ratio"
    ]
    assert inherited.transported == load("paper").transported


def test_the_dose_is_that_of_the_regimens_of_the_arms():
    trial, policies = load("rct-placebo-ufsh"), load("fsh-at-discretion")
    expected = "treated: uFSH 150 IU 3 times every 7 days, 3 months (ufsh-only)"
    assert trial.transported.to_dose == expected
    assert "untreated: hCG 2000 IU every 2 days" in policies.transported.to_dose


def test_transported_numbers_without_the_patients_simulated_are_refused(tmp_path):
    plain = yaml.safe_load(scenario_path("paper").read_text(encoding="utf-8"))
    del plain["simulated_population"]
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(plain), encoding="utf-8")
    with pytest.raises(InputError, match="35 numbers are transported"):
        load(file, need_record=False)


def test_a_target_with_half_an_origin_is_refused(tmp_path):
    plain = yaml.safe_load(scenario_path("literature-null").read_text(encoding="utf-8"))
    del plain["targets"][0]["from_dose"]
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(plain), encoding="utf-8")
    with pytest.raises(InputError, match="`from_population` and `from_dose` together"):
        load(file, need_record=False)
