"""Bad input of commands: one clear message, exit code 2, no output."""

from pathlib import Path

import pytest

from pretese.cli import run
from simulate.core.shipped import scenario_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "Traceback" not in printed.err
    return printed.err


def scenario_with(tmp_path: Path, old: str, new: str) -> Path:
    text = scenario_path("paper").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_an_unknown_scenario_names_the_nearest(capsys, tmp_path):
    message = refused(capsys, "reproduce", "--scenario", "papre", "--out", str(tmp_path / "out"))
    assert "papre" in message
    assert "paper" in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("sd_below", "sd_bellow", "population.marginals.age_years.sd_bellow: there is no such"),
        ("willing_share: {value: 0.9", "willing_share: {value: 1.9", "is not a probability"),
        ("patients: 569", "patients: 1", "patients: 1 is not allowed"),
        ("patients: 569", "patients: many", "patients: 'many' is not allowed"),
        ("status: assumed", "status: guessed", "'guessed' is not allowed"),
        ("scale: natural", "scale: linear", "population.marginals.age_years.scale"),
        ("sweep: [0.4, 0.75]", "sweep: [0.7, 0.75]", "outside its own sweep"),
        ("[fsh_iu_l, lh_iu_l]", "[fsh_iu_l, lh]", "'lh' is unknown"),
        ("    azfc:", "    azfd:", "diagnosis azfc is missing"),
        ("untreated: {regimen", "untreted: {regimen", "arm untreated is missing"),
        ("question:", "question: [", "is not valid YAML"),
    ],
)
def test_an_invalid_scenario_is_refused_with_its_field(capsys, tmp_path, old, new, expected):
    path = scenario_with(tmp_path, old, new)
    message = refused(capsys, "reproduce", "--scenario", str(path), "--out", str(tmp_path / "out"))
    assert expected in message
    assert str(path) in message
    assert not (tmp_path / "out").exists()


def test_impossible_correlations_are_refused(capsys, tmp_path):
    path = scenario_with(tmp_path, "correlation: {value: 0.6", "correlation: {value: 0.74")
    text = path.read_text(encoding="utf-8")
    for low, value in (("-0.45", "-0.6"), ("-0.3", "-0.45")):
        text = text.replace(f"correlation: {{value: {low}", f"correlation: {{value: {value}")
    text = text.replace("correlation: {value: 0.15", "correlation: {value: 0.3")
    text = text.replace("sweep: [0.4, 0.75]", "sweep: [0.4, 0.999]")
    text = text.replace("correlation: {value: 0.74", "correlation: {value: 0.999")
    path.write_text(text, encoding="utf-8")
    message = refused(capsys, "calibrate", str(path))
    assert "no patients can have all of these correlations at once" in message


def test_a_scenario_that_changed_after_calibration_is_refused(capsys, tmp_path):
    path = scenario_with(
        tmp_path,
        "leydig_stimulation_log_sd: {value: 0.35",
        "leydig_stimulation_log_sd: {value: 0.34",
    )
    folder = tmp_path / "calibration_records"
    folder.mkdir()
    record = scenario_path("paper").parent / "calibration_records" / "paper.json"
    (folder / "paper.json").write_bytes(record.read_bytes())
    message = refused(capsys, "reproduce", "--scenario", str(path), "--out", str(tmp_path / "o"))
    assert "its numbers changed after it was calibrated" in message
    assert "pretese calibrate" in message


def test_a_scenario_without_calibration_record_is_refused(capsys, tmp_path):
    path = scenario_with(tmp_path, "patients: 569", "patients: 569")
    message = refused(capsys, "reproduce", "--scenario", str(path), "--out", str(tmp_path / "o"))
    assert "no calibration record" in message


def test_a_target_that_no_function_computes_is_refused(capsys, tmp_path):
    path = scenario_with(tmp_path, "  - flow.treated\n", "  - flow.treeted\n")
    reported = refused(capsys, "calibrate", str(path))
    assert f"{path}: targets." in reported
    assert "'flow.treeted' is not a number of 10.1186" in reported
    assert "flow.treated" in reported


def test_a_folder_in_place_of_a_file_is_refused(capsys, tmp_path):
    assert str(tmp_path) in refused(capsys, "calibrate", f"{tmp_path}/")


def test_a_missing_file_is_refused(capsys, tmp_path):
    assert "nowhere.yaml" in refused(capsys, "calibrate", str(tmp_path / "nowhere.yaml"))


@pytest.mark.parametrize(
    "words",
    [
        ("--replicates", "1"),
        ("--replicates", "many"),
        ("--seed", "-1"),
        ("--workers", "0"),
        ("--replicate", "9"),
    ],
)
def test_numbers_out_of_range_are_refused(capsys, words):
    assert "Error" in refused(capsys, "reproduce", *words)


def test_an_output_folder_with_other_files_is_not_changed(capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    message = refused(capsys, "reproduce", "--replicates", "2", "--out", str(tmp_path))
    assert "was not written by pretese" in message
    assert (tmp_path / "thesis.txt").read_text() == "precious"


def test_an_unknown_command_is_refused(capsys):
    assert "No such command" in refused(capsys, "reproduse")
