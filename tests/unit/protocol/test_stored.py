"""Stored regimens and units equal their source files, and are used only while they do."""

import json
import shutil

import pytest

from protocol.reading import stored
from protocol.reading.analyte_table import read_analytes
from protocol.reading.analytes import Analyte, AnalyteTable, Unit
from protocol.reading.quantities import analyte_file
from protocol.reading.stored import shipped_value, to_plain
from protocol.regimen.load import document_of_regimen, list_regimens, load_regimen
from tests.support.checkout.programs import load_program

CURE = "run `python docs/generate/stored_values.py`"


def test_stored_files_agree_with_their_sources():
    wanted = dict(load_program("docs/generate/stored_values.py").stored_files())
    assert {path for path in wanted if path.read_text("utf-8") != wanted[path]} == set(), CURE
    assert set(stored.SHIPPED.rglob("*.json")) == set(wanted), CURE


@pytest.mark.parametrize("name", list_regimens())
def test_a_stored_regimen_is_read_as_the_proved_one(name):
    assert to_plain(load_regimen(name)) == document_of_regimen(name)["value"]


def test_stored_units_are_read_as_those_of_the_file():
    assert analyte_file() == read_analytes()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A copy of the units and of what is stored of them."""
    (tmp_path / "stored").mkdir()
    shutil.copy(stored.PACKAGE / "analytes.yaml", tmp_path)
    shutil.copy(stored.SHIPPED / "analytes.json", tmp_path / "stored")
    monkeypatch.setattr(stored, "PACKAGE", tmp_path)
    monkeypatch.setattr(stored, "SHIPPED", tmp_path / "stored")
    return tmp_path


def read():
    return shipped_value("analytes", (AnalyteTable, Analyte, Unit))


def test_a_stored_value_is_used_only_if_its_source_is_unchanged(package):
    assert read() == read_analytes()
    source = package / "analytes.yaml"
    source.write_text(source.read_text("utf-8") + "\n# changed\n", encoding="utf-8")
    assert read() is None


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 0}', '{"format": 1, "sources": {}}', ""])
def test_a_damaged_or_older_file_is_not_used(package, damage):
    (package / "stored" / "analytes.json").write_text(damage, encoding="utf-8")
    assert read() is None


def test_a_missing_file_is_not_used(package):
    (package / "stored" / "analytes.json").unlink()
    assert read() is None


def test_stored_data_have_few_types():
    document = json.loads((stored.SHIPPED / "regimens" / "fsh-guided.json").read_text("utf-8"))
    assert set(document) == {"format", "sources", "value"}
    assert list(document["sources"]) == ["analytes.yaml", "regimens/fsh-guided.yaml"]
    assert stored.from_plain({"@": "set", "of": []}, {}) == frozenset()
    with pytest.raises(KeyError):
        stored.from_plain({"@": "eval", "text": "1"}, {})
