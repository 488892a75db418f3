"""Scenario files that extend one another."""

import shutil

import numpy as np
import pytest

from pretese.article.calibration.problem import pose
from pretese.article.calibration.solve import refine
from pretese.article.calibration.store import write_calibration_record
from pretese.article.published import load_published
from protocol.errors import InputError
from simulate.core.shipped import scenario_path
from simulate.scenario import Target
from simulate.scenario.calibration_record import parse_calibration_record
from simulate.scenario.inheritance import merge, read_chain
from simulate.scenario.load import load, load_scenario
from simulate.scenario.parameter_paths import mechanism_hash, parameters
from tests.support.paper import paper

CHILD = """\
id: child
extends: paper
question: Does a child differ from its parent where it says so?
expected_finding: Nowhere else.
spermatogenesis:
  treatment:
    direct: {value: 0.1, unit: "log odds", status: assumed, source: "a test", sweep: [0, 1]}
"""


def write(folder, name: str, text: str):
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_number_is_replaced_whole_and_a_section_merges():
    base = {"a": {"value": 1, "sweep": [0, 2]}, "b": {"c": 1, "d": 2}}
    child = {"a": {"value": 5}, "b": {"c": 9}}
    assert merge(base, child) == {"a": {"value": 5}, "b": {"c": 9, "d": 2}}
    assert base["a"]["value"] == 1


def test_null_removes_a_field():
    assert merge({"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": None}}) == {"a": 1, "b": {"d": 3}}


def test_an_extending_scenario_inherits_calibrated_values_and_keeps_its_own(tmp_path):
    path = write(tmp_path, "child", CHILD)
    loaded = load(path)
    child = loaded.scenario
    differing = {
        name
        for name, number in parameters(child).items()
        if number.value != parameters(paper())[name].value
    }
    assert differing == {"spermatogenesis.treatment.direct"}
    assert child.targets == ()
    assert loaded.stated == {"spermatogenesis.treatment.direct"}


def test_purpose_is_not_inherited(tmp_path):
    path = write(tmp_path, "child", "id: child\nextends: paper\n")
    with pytest.raises(InputError, match="question: it is missing"):
        load_scenario(str(path))


def test_an_extending_scenario_with_a_calibrated_number_needs_a_calibration_record(tmp_path):
    text = CHILD.replace("status: assumed", "status: calibrated").replace(", sweep: [0, 1]", "")
    with pytest.raises(InputError, match="no calibration record"):
        load_scenario(str(write(tmp_path, "child", text)))


def test_an_unknown_parent_is_refused_with_names(tmp_path):
    path = write(tmp_path, "child", CHILD.replace("extends: paper", "extends: papre"))
    with pytest.raises(InputError, match="did you mean 'paper'"):
        load_scenario(str(path))


def test_files_that_extend_each_other_are_refused(tmp_path):
    write(tmp_path, "one", "id: one\nextends: two\n")
    path = write(tmp_path, "two", "id: two\nextends: one\n")
    with pytest.raises(InputError, match="extend each other"):
        read_chain(path)


def test_a_misspelt_field_of_an_extending_scenario_is_refused(tmp_path):
    path = write(tmp_path, "child", CHILD.replace("direct:", "dircet:"))
    with pytest.raises(InputError, match="did you mean 'direct'"):
        load_scenario(str(path))


def test_a_calibration_record_is_invalid_if_the_extended_scenario_changes(tmp_path):
    """Its hash covers the values it inherits."""
    for name in ("paper", "literature-null"):
        source = scenario_path(name)
        shutil.copy(source, tmp_path)
        folder = tmp_path / "calibration_records"
        folder.mkdir(exist_ok=True)
        shutil.copy(source.parent / "calibration_records" / f"{name}.json", folder)
    child = str(tmp_path / "literature-null.yaml")
    assert load_scenario(child).id == "literature-null"
    record_file = tmp_path / "calibration_records" / "paper.json"
    record = parse_calibration_record(record_file.read_text(), record_file)
    name = "fertility.willing_share"
    other = record.parameters[name].model_copy(
        update={"value": record.parameters[name].value - 0.001}
    )
    write_calibration_record(
        record_file, record.model_copy(update={"parameters": {**record.parameters, name: other}})
    )
    with pytest.raises(InputError, match="changed after it was calibrated"):
        load_scenario(child)


def test_only_the_scenarios_own_numbers_are_free():
    loaded = load("literature-null", need_record=False)
    scenario, free = loaded.unsolved, loaded.free
    assert free == {"spermatogenesis.treatment.direct"}
    problem = pose(scenario, load_published(scenario.published), free)
    assert list(problem.targets) == ["truth.any_sperm.everyone.risk_ratio"]
    assert isinstance(scenario.targets[0], Target)
    assert mechanism_hash(problem.scenario) == mechanism_hash(scenario)


def test_more_unknowns_than_targets_are_refused():
    scenario = load("literature-null", need_record=False).unsolved
    with pytest.raises(InputError, match="give at least one for each"):
        pose(scenario, load_published(scenario.published))


def test_refinement_solves_a_nonlinear_problem_on_unequal_scales():
    def misfit(x):
        return np.array([np.exp(x[0]) - 3, 500 * x[1] + x[0] ** 2 - 40, 0.0])

    jacobian = np.array([[1.0, 0.0, 0.0], [0.0, 500.0, 0.0], [0.0, 0.0, 0.0]])
    point, _ = refine(misfit, np.zeros(3), jacobian, 40)
    assert np.linalg.norm(misfit(point)) < 0.01
    assert point[2] == 0  # no target depends on it, so it stays


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/etc/hostname", "there is no scenario file"),
        ("/dev/zero", "there is no scenario file"),
        ("device.yaml", "a device, a pipe or a socket"),
        ("folder.yaml", "this is a folder"),
        ("large.yaml", "this file is too large"),
        ("list.yaml", "is not a scenario file: it holds no fields"),
        ("broken.yaml", "not valid YAML"),
        ("child", "the files extend each other"),
        ("child.yaml", "the files extend each other"),
        ("../elsewhere/paper", "there is no scenario file"),
        ("x" * 5000, "there is no such scenario"),
        ("[paper]", "['paper'] is not a name"),
        ("3", "3 is not a name"),
        ('""', "'' is not a name"),
    ],
)
def test_only_a_scenario_file_can_be_extended(tmp_path, name, message):
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    (tmp_path / "folder.yaml").mkdir()
    with (tmp_path / "large.yaml").open("wb") as file:
        file.truncate(20_000_000)
    write(tmp_path, "list", "[1, 2]")
    write(tmp_path, "broken", "a: [")
    path = write(tmp_path, "child", CHILD.replace("extends: paper", f"extends: {name}"))
    with pytest.raises(InputError) as reported:
        load_scenario(str(path))
    (fault,) = reported.value.faults
    assert message in str(fault)
    assert fault.field == "extends"
    assert fault.where == str(path)
    assert len(str(fault)) < 2000


def test_a_file_is_extended_by_its_path(tmp_path):
    (tmp_path / "below").mkdir()
    shutil.copy(scenario_path("paper"), tmp_path / "mother.yaml")
    folder = tmp_path / "calibration_records"
    folder.mkdir()
    shutil.copy(scenario_path("paper").parent / "calibration_records" / "paper.json", folder)
    for name in ("../mother.yaml", "../mother", str(tmp_path / "mother.yaml")):
        text = CHILD.replace("extends: paper", f"extends: {name}")
        path = write(tmp_path / "below", "child", text)
        assert load_scenario(str(path)).patients == paper().patients


def test_a_number_that_the_scenario_does_not_state_can_be_set():
    changed = load_scenario("paper", {
        "measurement.missing_by.age_years": 0.8,
        "population.score_by_diagnosis.bmi_kg_m2.azfc": -0.4,
    })  # fmt: skip
    assert changed.measurement.missing_by["age_years"].value == 0.8
    assert changed.measurement.mechanism == "MAR"
    assert changed.population.score_by_diagnosis["bmi_kg_m2"]["azfc"].value == -0.4


@pytest.mark.parametrize(
    "path", ["measurement.missing_by.moon", "sites.nowhere.missing.fsh_iu_l", "sites.a.scores"]
)
def test_a_number_that_no_scenario_could_state_cannot_be_set(path):
    with pytest.raises(InputError):
        load_scenario("paper", {path: 0.5})
