"""Pictures are reproducible and show the stated values."""

import numpy as np
import pytest

from pretese.cli import run
from pretese.pictures import cohort_figure
from pretese.pictures.variance_figure import compare_variances
from simulate.cohort.draw import draw_cohort
from tests.support.paper import paper


@pytest.mark.parametrize("kind", ["patient", "cohort"])
def test_a_picture_is_the_same_every_time(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(cohort_figure, "PATIENTS", 30)
    files = [tmp_path / "one.svg", tmp_path / "other.svg"]
    for file in files:
        assert run(["picture", kind, "paper", "--out", str(file)]) == 0
    first, second = (file.read_bytes() for file in files)
    assert first == second
    assert b"FSH" in first


def test_a_cohort_is_drawn_with_its_doses_and_no_line_beyond_its_panel():
    figure = cohort_figure.draw_cohort_hormones(draw_cohort(paper(), 3, patients=30))
    *panels, doses = figure.axes
    for axes in panels:
        low, high = axes.get_ylim()
        drawn = np.concatenate([line.get_ydata() for line in axes.lines])
        assert low <= drawn.min()
        assert drawn.max() <= high
    given = [text.get_text() for text in doses.get_legend().get_texts()]
    assert given[0] == "hcg:\nhCG 2000 IU every 2 days"
    months = np.array([[bar.get_width() for bar in rows] for rows in doses.containers])
    assert months.sum(axis=0) == pytest.approx([100, 100, 100])


def test_common_random_numbers_cut_the_variance_at_least_threefold():
    for saving in compare_variances(paper(), seed=3, replicates=600).values():
        assert saving.ratio > 3
        assert 0.1 < saving.ratio_se < 0.6


def test_an_unknown_patient_is_refused(tmp_path, capsys):
    words = ["--patient-number", "570", "--out", str(tmp_path / "x.png")]
    assert run(["picture", "patient", "paper", *words]) == 2
    assert "from 1 to 569" in capsys.readouterr().err


def test_a_file_without_a_known_ending_is_refused(tmp_path, capsys):
    assert run(["picture", "patient", "paper", "--out", str(tmp_path / "x.bmp")]) == 2
    assert "end in .png or .svg" in capsys.readouterr().err


def test_the_true_effect_is_written_with_its_error(tmp_path):
    file = tmp_path / "truth.csv"
    assert run(["truth", "null", "--patients", "1", "--out", str(file)]) == 0
    head, first = file.read_text(encoding="utf-8").splitlines()[:2]
    assert head.endswith("truth,mcse")
    assert first.startswith("any_sperm.everyone")
    assert ",0.0," in first  # no effect, exactly
