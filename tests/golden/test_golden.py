"""Stored outputs, byte for byte. After an intended change, store it again and list it under
NUMBERS in the changelog: `PRETESE_STORE_GOLDEN=1 python -m pytest tests/golden`.
"""

import os
from pathlib import Path

import pytest

from pretese.cli import run
from simulate.tables.study_tables import COLUMNS

HERE = Path(__file__).parent


def agrees_with_stored(name: str, text: str) -> None:
    path = HERE / name
    if os.environ.get("PRETESE_STORE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [name for name in COLUMNS if name != "truth"])
def test_twelve_patients(tmp_path, table):
    out = tmp_path / "patients"
    assert run(["simulate", "paper", "--patients", "12", "--seed", "3", "--out", str(out)]) == 0
    agrees_with_stored(f"{table}.csv", (out / f"{table}.csv").read_text())


def test_a_decision(capsys):
    words = ["decide", "--month", "2", "--fsh", "11.1", "--decision-date", "2024-03-01", "--json"]
    assert run(words) == 0
    agrees_with_stored("decision.json", capsys.readouterr().out)
