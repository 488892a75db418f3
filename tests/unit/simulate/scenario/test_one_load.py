"""A scenario is loaded in one pass: every file is read once and parsed once."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from pretese.cli import run
from protocol.reading import documents
from simulate.core.shipped import scenario_path
from simulate.scenario.load import load, load_scenario
from simulate.scenario.parameter_paths import mechanism_hash, parameters
from tests.support.output.without_figures import skip_figures


@pytest.fixture
def counted(monkeypatch):
    """Count how often each file is read, and how often a YAML text is parsed."""
    reads, parses = Counter(), Counter()
    read_bytes, read_yaml = documents._read_bytes, documents.read_yaml

    def reading(path, max_bytes):
        reads[Path(path).name] += 1
        return read_bytes(path, max_bytes)

    def parsing(text):
        parses[text] += 1
        return read_yaml(text)

    monkeypatch.setattr(documents, "_read_bytes", reading)
    monkeypatch.setattr(documents, "read_yaml", parsing)
    return reads, parses


def grandchild(folder):
    """Return a scenario that extends one with a calibration record, which extends another."""
    path = folder / "third.yaml"
    path.write_text(
        "id: third\nextends: literature-null\nquestion: Is every file read once?\n"
        "expected_finding: It is.\n",
        encoding="utf-8",
    )
    return path


def test_every_file_of_three_generations_is_read_and_parsed_once(tmp_path, counted):
    reads, parses = counted
    loaded = load(grandchild(tmp_path), {"fertility.willing_share": 0.5})
    assert reads == {
        "third.yaml": 1, "literature-null.yaml": 1, "paper.yaml": 1,
        "literature-null.json": 1, "paper.json": 1,
    }  # fmt: skip
    assert sorted(parses.values()) == [1, 1, 1]
    assert [record.scenario for record in loaded.records] == ["literature-null", "paper"]


@pytest.mark.parametrize(
    "words",
    [
        ["truth", "{file}", "--patients", "10"],
        ["simulate", "{file}", "--patients", "10", "--out", "{out}"],
        ["calibrate", "{file}", "--check", "--replicates", "50"],
        ["reproduce", "--scenario", "{file}", "--replicates", "2", "--workers", "1",
         "--out", "{out}"],
    ],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_command_reads_each_file_of_a_scenario_once(tmp_path, counted, words, monkeypatch):
    """Also where it hashes the files for the manifest."""
    skip_figures(monkeypatch)
    for name in ("paper", "literature-null"):
        shutil.copy(scenario_path(name), tmp_path)
    shutil.copytree(
        scenario_path("paper").parent / "calibration_records", tmp_path / "calibration_records"
    )
    file = tmp_path / "literature-null.yaml"
    run([word.format(file=file, out=tmp_path / "out") for word in words])
    reads = counted[0]
    assert reads["literature-null.yaml"] == 1
    assert reads["paper.yaml"] == 1
    assert reads["literature-null.json"] == 1
    assert reads["paper.json"] == 1
    assert reads["rbe-2022-00934.yaml"] <= 1


def test_the_hash_is_of_the_bytes_that_were_loaded(tmp_path):
    paper, child = load("paper"), load(grandchild(tmp_path))
    assert paper.sha256 == paper.file_sha256
    assert child.sha256 != child.file_sha256
    assert child.record_sha256 is None
    assert paper.mechanism_sha256 == mechanism_hash(paper.scenario)
    changed = load("paper", {"fertility.willing_share": 0.5})
    assert changed.mechanism_sha256 == mechanism_hash(changed.scenario) != paper.mechanism_sha256


def test_calibration_starts_from_the_values_of_the_file():
    name = "spermatogenesis.treatment.direct"
    solved, start = load("literature-null"), load("literature-null", need_record=False)
    assert start.free == solved.free == {name}
    assert start.scenario == start.unsolved == solved.unsolved
    assert parameters(solved.scenario)[name].value == solved.records[0].parameters[name].value
    assert start.records == solved.records[1:]
    assert load_scenario("literature-null") == solved.scenario
