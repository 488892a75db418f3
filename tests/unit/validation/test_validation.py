"""`pretese validate`: stored reference values, computed differences, and named failures."""

import json
import math
import shutil

import pytest

import pretese
from docs.generate import validation_values
from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT, EXIT_CHECK_FAILED
from pretese.validation import run_validation as runner
from pretese.validation import values_file
from pretese.validation.comparison import Comparison, compared
from pretese.validation.run_validation import AREAS, summaries
from protocol.errors import InputError


def compare(expected, computed, tolerance, relative=False):
    return Comparison("area", "r", "q", "source", expected, computed, tolerance, relative)


@pytest.fixture(scope="module")
def whole():
    return pretese.validate(progress=False)


def test_this_installation_is_valid_in_every_area(whole):
    assert whole.failed == ()
    assert {each.area for each in whole.comparisons} == set(AREAS)
    assert len(whole.comparisons) > 500
    # Values of other programs agree closely but are not copies of pretese's.
    others = [each for each in whole.comparisons if each.source.startswith(("R ", "rpact"))]
    assert sum(each.difference > 0 for each in others) > 0


def test_the_stored_values_are_those_of_the_reference_tests():
    for name, content in validation_values.selected().items():
        stored = (values_file.FOLDER / f"{name}.json").read_text("utf-8")
        assert stored == validation_values.text_of(content), (
            "run: python -m docs.generate.validation_values"
        )
    original = validation_values.REFERENCE / "r" / "cohort542_full.csv"
    assert (values_file.FOLDER / "cohort.csv").read_bytes() == original.read_bytes()


def test_differences_and_tolerances_by_hand():
    assert compare(2.0, 2.5, 0.5).passed
    assert not compare(2.0, 2.51, 0.5).passed
    assert compare(200.0, 201.0, 0.005, relative=True).passed
    assert not compare(200.0, 201.1, 0.005, relative=True).passed
    assert not compare(0.0, 1e-3, 1e-4, relative=True).passed  # no relative difference from zero
    assert not compare(0.0, math.nan, 10.0).passed
    assert not compare(0.0, math.inf, math.inf).passed


def test_arrays_are_compared_by_element_and_their_lengths_must_agree():
    found = list(compared("a", "r", "s", 0.1, [("x", [1, 2], [1.0, 2.2]), ("y", 3, 3)]))
    assert [each.quantity for each in found] == ["x, 1", "x, 2", "y"]
    assert [each.passed for each in found] == [True, False, True]
    with pytest.raises(ValueError, match="zip"):
        list(compared("a", "r", "s", 0.1, [("x", [1, 2], [1.0])]))


def test_a_summary_counts_and_shows_the_difference_closest_to_its_tolerance():
    found = [compare(1.0, 1.2, 0.4), compare(1.0, 1.5, 0.4), compare(3.0, 3.0, 0.0)]
    (row,) = summaries(found)
    assert (row.comparisons, row.passed) == (3, 2)
    assert row.largest == pytest.approx(1.25)


def test_another_result_fails_the_command_and_is_named(monkeypatch, tmp_path, capsys):
    folder = tmp_path / "values"
    shutil.copytree(values_file.FOLDER, folder)
    counts = json.loads((folder / "counts.json").read_text())
    counts["unadjusted_542"]["OR"] += 0.01
    (folder / "counts.json").write_text(json.dumps(counts))
    monkeypatch.setattr(values_file, "FOLDER", folder)
    values_file.values.cache_clear()
    try:
        assert run(["validate", "two-by-two tables"]) == EXIT_CHECK_FAILED
    finally:
        values_file.values.cache_clear()
    shown = capsys.readouterr()
    assert "FAILED two-by-two tables, unadjusted 542: odds ratio" in shown.out
    assert "1 of 78 comparisons failed" in shown.err


def test_page_and_document_hold_every_comparison(whole, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(runner, "run_validation", lambda areas, tell: list(whole.comparisons))
    page = tmp_path / "validation.html"
    assert run(["validate", "--json", "--out", str(page)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["passed"]
    assert len(document["comparisons"]) == len(whole.comparisons)
    assert document["installation"]["pretese"] == pretese.__version__
    html = page.read_text("utf-8")
    assert html.count("<td>passed</td>") == len(whole.comparisons)
    assert "metafor 3.8" in html


def test_an_unknown_area_is_refused(capsys):
    with pytest.raises(InputError, match="give decisions, simulation"):
        pretese.validate("everything")
    assert run(["validate", "everything"]) == EXIT_BAD_INPUT
    assert "'everything' is not an area" in capsys.readouterr().err
