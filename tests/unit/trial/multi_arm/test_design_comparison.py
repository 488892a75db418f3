"""Comparison of designs of two and of several arms."""

import json

import pytest
import yaml

import pretese as pt
from pretese.cli import run
from protocol.errors import InputError

COMMON = {
    "title": "Example",
    "question": "Which one helps?",
    "participants": 120,
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [120]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
    "monitoring": {"alpha_percent": 2.5, "sides": 1},
}
THREE = {**COMMON, "id": "three", "risks_percent": {"placebo": 40, "hcg": 50, "ufsh": 65}}
ONE = {**COMMON, "id": "one-treatment", "risks_percent": {"placebo": 40, "ufsh": 65}}
TWO = {**COMMON, "id": "two", "risks": {"control_percent": 40, "treated_percent": 65}}
OPTIONS = {"replicates": 60, "progress": False}


def test_rows_are_those_of_each_study_and_differences_are_paired():
    found = pt.design(THREE).power(compare=[TWO], **OPTIONS)
    document = found.to_dict()
    several = pt.design(THREE).power(patient_level=True, **OPTIONS).to_dict()["sizes"][0]
    two = pt.design(TWO).power(patient_level=True, **OPTIONS).to_frame()
    first, second = document["designs"]
    assert first["power"] == several["power"]
    assert first["type_one_error"] == several["configurations"][1]["familywise_error"]
    assert (first["arms"], second["arms"]) == (3, 2)
    assert second["power"]["value"] == pytest.approx(two["power"].iloc[-1])
    (pair,) = document["paired"]
    assert (pair["design"], pair["against"], pair["participants"]) == ("two", "three", 120)
    gap = second["power"]["value"] - first["power"]["value"]
    assert pair["power_difference"]["value"] == pytest.approx(gap)
    assert pair["power_difference"]["mcse"] > 0
    assert found.to_frame()["design"].tolist() == ["three", "two"]
    assert len(found.plot().axes) == 3
    assert all(len(line) <= 80 for line in str(found).splitlines())


def test_one_treatment_has_the_power_of_two_arms_on_the_same_participants():
    found = pt.design(TWO).power(compare=[pt.design(ONE)], **OPTIONS).to_dict()
    (pair,) = found["paired"]
    assert pair["power_difference"] == {"value": 0.0, "mcse": 0.0, "n": 60}


def test_the_command_compares_files(tmp_path, capsys):
    paths = []
    for fields in (TWO, THREE):
        path = tmp_path / f"{fields['id']}.yaml"
        path.write_text(yaml.safe_dump(fields, sort_keys=False))
        paths.append(str(path))
    assert run(["power", *paths, "--replicates", "20", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["design"] for row in document["designs"]] == ["two", "three"]


@pytest.mark.parametrize(
    ("other", "given", "message"),
    [
        (TWO, {"sensitivity": {"dropout": [0, 10]}}, "study each design by itself"),
        (TWO, {"out": "folder"}, "study each design by itself"),
        (pt.design(THREE), {}, "two designs have the same id"),
        (pt.design("bayesian-borrowed-controls"), {}, "is Bayesian"),
        ({**THREE, "id": "other"}, {}, "has several arms"),
    ],
)
def test_what_a_comparison_does_not_take_is_refused(other, given, message):
    with pytest.raises(InputError, match=message):
        pt.design(THREE).power(compare=[other], **given)


def test_a_comparison_has_no_page_and_one_figure():
    found = pt.design(THREE).power(compare=[TWO], replicates=20, progress=False)
    with pytest.raises(InputError, match="the report of each of its `studies`"):
        found.report()
    with pytest.raises(InputError, match="is not a figure of a comparison"):
        found.plot("zip")
