"""Each stored reference value has an R script that computes it; the comparison detects faults."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

R = Path(__file__).parent / "r"
TESTS = R.parents[1]
INLINE = json.loads((R / "inline_constants.json").read_text(encoding="utf-8"))

#: Fixed inputs of the scripts.
DATA = {"cohort542_full.csv", "cohort542_mar.csv", "completed10.csv", "icsi138.csv"}
#: Written by a script of another name.
BY_ANOTHER = {"g04_ps_weights.csv": "g04_iptw"}


@pytest.fixture(scope="module")
def tool():
    """Import `compare.py`, which imports `tolerances.py` from its folder as a script does."""
    sys.path.insert(0, str(R))
    try:
        spec = importlib.util.spec_from_file_location("compare_with_r", R / "compare.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules["compare_with_r"] = module
        spec.loader.exec_module(module)
        yield module
    finally:
        sys.path.remove(str(R))
        for name in ("compare_with_r", "tolerances"):
            sys.modules.pop(name, None)


def test_every_stored_file_has_a_script_and_every_script_a_file(tool) -> None:
    stored = {path.stem for path in R.glob("*.json")} | {"trial_oracles"}
    assert set(tool.scripts()) == stored
    for name in stored:
        assert tool.stored_path(name).exists()
        assert re.search(rf'save_oracle\("{name}"', (R / f"{name}.R").read_text(encoding="utf-8"))


def test_every_table_is_data_or_written_by_a_script(tool) -> None:
    assert {path.name for path in R.glob("*.csv")} == DATA | set(BY_ANOTHER)
    for table, script in BY_ANOTHER.items():
        assert table in (R / f"{script}.R").read_text(encoding="utf-8")


def test_the_page_lists_every_script_and_each_package_that_one_needs(tool) -> None:
    page = (R / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)\.R` \|(.*)\|$", page, re.MULTILINE))
    assert set(rows) == set(tool.scripts())
    for name in rows:
        source = (R / f"{name}.R").read_text(encoding="utf-8")
        if "trials.R" in source:
            source += (R / "trials.R").read_text(encoding="utf-8")
        needed = re.findall(r'"(\w+)"', " ".join(re.findall(r"need\(([^)]*)\)", source)))
        for package in needed:
            assert f"{package} " in rows[name], (name, package)
            assert re.search(rf"r-cran-{package.lower()}\b", page), package


def sources() -> dict[str, str]:
    """Return the text of every test file by name of each test in it."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        found |= dict.fromkeys(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE), text)
    return found


def test_constants_in_tests_are_those_that_the_script_computes() -> None:
    by_test = sources()
    for key, entry in INLINE.items():
        text = by_test[entry["test"]]
        assert "r/inline_constants.R" in text, f"{entry['test']} does not name its script"
        for literal in entry["literals"]:
            assert re.search(rf"(?<![\d.]){re.escape(literal)}(?![\d])", text), (key, literal)


@pytest.mark.parametrize("name", ["g01_paper_counts", "g10_km", "inline_constants"])
def test_stored_values_agree_with_themselves(tool, name) -> None:
    stored = tool.read_stored(name)
    found = json.loads(json.dumps(stored))
    if name == "inline_constants":
        found = {key: [float(each) for each in literals] for key, literals in stored.items()}
    outcome = tool.compare(name, stored, found)
    assert not outcome.faults
    assert outcome.values > 100


def test_a_changed_value_an_absent_one_and_another_shape_are_faults(tool) -> None:
    stored = {"a": {"x": 2.0, "word": "treated"}, "b": [1.0, 2.0], "c": None, "d": 3}
    changed = {"a": {"x": 2.00001, "word": "untreated"}, "b": [1.0], "c": 0.0}
    faults = tool.compare("g10_km", stored, changed).faults
    assert [fault.split(":")[0] for fault in faults] == ["a/x", "a/word", "b", "c", "d"]
    near = {"a": {"x": 2.000001, "word": "treated"}, "b": [1.0, 2.0], "c": None, "d": 3}
    outcome = tool.compare("g10_km", stored, near)
    assert not outcome.faults
    assert outcome.worst == pytest.approx(0.5, abs=0.01)


def test_a_value_that_is_not_a_number_never_agrees(tool) -> None:
    assert tool.compare("g10_km", {"x": 1.0}, {"x": float("nan")}).faults
    assert tool.compare("g10_km", {"x": 1.0}, {"x": "NaN"}).faults


def test_a_literal_allows_one_unit_of_its_last_digit(tool) -> None:
    stored = {"o18": ["92.998845"]}
    assert not tool.compare("inline_constants", stored, {"o18": 92.9988448}).faults
    assert tool.compare("inline_constants", stored, {"o18": 92.998848}).faults


def test_every_tolerance_and_omission_applies_to_a_stored_value(tool) -> None:
    from tolerances import EXCLUDED, RULES

    def places(document, path=()):
        if isinstance(document, dict | list):
            pairs = document.items() if isinstance(document, dict) else enumerate(document)
            for key, value in pairs:
                yield from places(value, (*path, str(key)))
        else:
            yield "/".join(path)

    every = {name: list(places(tool.read_stored(name))) for name in tool.scripts()}
    for script, pattern, *_ in [*RULES, *EXCLUDED]:
        names = [script] if script else list(every)
        assert any(re.search(pattern, p) for name in names for p in every[name]), (script, pattern)


def test_without_r_the_tool_states_what_is_missing(tool, monkeypatch, capsys) -> None:
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)
    assert tool.main([]) == 2
    assert "Rscript is not installed" in capsys.readouterr().err


def pretended(tmp_path: Path, lines: str) -> str:
    """Return a program that replaces Rscript."""
    program = tmp_path / "Rscript"
    program.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    program.chmod(0o755)
    return str(program)


def test_a_script_without_its_package_is_skipped_by_name(tool, monkeypatch, tmp_path, capsys):
    rscript = pretended(tmp_path, "echo needs the R package lme4 >&2; exit 77")
    monkeypatch.setattr(tool.shutil, "which", lambda name: rscript)
    assert tool.main(["g16_random_intercept", "--out", str(tmp_path)]) == 2
    assert "skipped: the R package lme4 is not installed" in capsys.readouterr().out


def test_a_script_that_fails_does_not_count_as_agreement(tool, monkeypatch, tmp_path, capsys):
    rscript = pretended(tmp_path, "echo object not found >&2; exit 1")
    monkeypatch.setattr(tool.shutil, "which", lambda name: rscript)
    assert tool.main(["g16_random_intercept", "--out", str(tmp_path)]) == 1
    assert "object not found" in capsys.readouterr().out


def test_a_value_that_r_prints_differently_ends_with_status_1(tool, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(tool.shutil, "which", lambda name: pretended(tmp_path, "exit 0"))
    found = tmp_path / "g16_random_intercept.json"
    text = (R / found.name).read_text(encoding="utf-8")
    found.write_text(text, encoding="utf-8")
    assert tool.main(["g16_random_intercept", "--out", str(tmp_path)]) == 0
    found.write_text(text.replace("0.6190721986011", "0.6191721986011"), encoding="utf-8")
    assert tool.main(["g16_random_intercept", "--out", str(tmp_path)]) == 1
    assert "spread_1/Y ~ A + (1|site)/coef/1" in capsys.readouterr().out


def test_an_unknown_script_is_refused_by_name(tool, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        tool.main(["g99"])
    assert stopped.value.code == 2
    assert "no script g99" in capsys.readouterr().err
