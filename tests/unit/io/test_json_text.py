"""The only JSON writer: strict, with full precision, identical on every platform."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretese.cli import run
from pretese.io.text.json_text import plain, to_json

PACKAGES = Path(__file__).parents[3] / "pretese"

#: Hashes of plain values, short values in messages, lines of a lock, and a standard of its own.
OTHER_JSON = {
    "parameter_paths.py",
    "folder_lock.py",
    "blocks.py",
    "study_folder.py",
    "forecast_record.py",
    "ensemble_store.py",
    "dataset_json.py",
    "json_text.py",
    "fhir.py",
    "prior.py",
    "scenario_text.py",
}

#: Of these, what writes files for others: it refuses NaN, as `json_text` does.
STRICT = {
    "dataset_json.py",
    "fhir.py",
    "json_text.py",
    "ensemble_store.py",
    "prior.py",
    "scenario_text.py",
}


def refuse(word: str) -> None:
    raise ValueError(f"{word} is not a JSON")


def strict(text: str) -> object:
    return json.loads(text, parse_constant=refuse)


@dataclass
class Point:
    x: float
    label: str


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(values)
def test_any_document_is_strict_ascii_json(value):
    text = to_json(value)
    strict(text)
    assert text.isascii()
    assert "\\ud800" not in to_json("\ud800")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_all_its_digits(number):
    table = pd.DataFrame({"x": [number, np.nan]})
    assert strict(to_json(table)) == [{"x": number}, {"x": None}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.float64("nan"), None),
        (-np.inf, None),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (pd.NA, None),
        (pd.NaT, None),
        (np.array([[1.0, np.nan]]), [[1.0, None]]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Timestamp("2026-01-05"), "2026-01-05T00:00:00"),
        (Point(np.nan, "a\ud800b"), {"x": None, "label": "a\ufffdb"}),
        ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
        ({"b", "a"}, ["a", "b"]),
        (Path("a/b"), "a/b"),
    ],
)
def test_what_libraries_hold_becomes_plain(value, expected):
    assert strict(to_json(value)) == expected


def test_what_has_no_form_is_an_error_of_ours():
    with pytest.raises(TypeError, match="object has no form in JSON"):
        plain(object())


def test_no_other_module_writes_json():
    writes = re.compile(r"json\.dumps?\(|\.to_json\(|model_dump_json\(")
    writers = {path.name for path in PACKAGES.rglob("*.py") if writes.search(path.read_text())}
    # A model's own text is hashed in the first, and never printed; the pages send `Shown.to_json`.
    pages = {"bedside.py", "log_audit.py", "trial_page.py"}
    assert writers - OTHER_JSON == {"conditional_effect.py", *pages}
    texts = {path.name: path.read_text() for path in PACKAGES.rglob("*.py") if path.name in STRICT}
    for name, text in texts.items():
        assert text.count("json.dumps(") - text.count("json.dumps(key)") == text.count(
            "allow_nan=False"
        ), name


def test_one_replicate_of_a_clinic_is_strict_json(capsys, tmp_path):
    words = ["--patients", "20", "--replicates", "1", "--no-figures", "--workers", "1", "--json"]
    out = tmp_path / "out"
    assert run(["clinic", "paper", "--clinic", "unlimited", *words, "--out", str(out)]) == 0
    document = strict(capsys.readouterr().out)
    assert isinstance(document, dict)
    assert any(row["conf_low"] is None for row in document["measures"])
    for file in out.rglob("*.json"):
        strict(file.read_text())
