"""The bias analysis of the published design: figures, page and what they show."""

import re
from pathlib import Path

import numpy as np
import pytest

from pretese.article.pitfalls.all_pitfalls import all_pitfalls
from pretese.article.pitfalls.pitfall_result import (
    Figure,
    mean_of,
    mean_ratio,
    pitfall_frame,
    share_of,
)
from pretese.article.pitfalls.pitfalls_page import REPLICATES, SEED, pitfalls_text
from pretese.article.pitfalls.pitfalls_report import render_pitfalls, write_bias_analysis

FEW = 12
PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "bias-analysis.md"
NUMBER = re.compile(r"(?<![A-Za-z-])-?\d+(?:\.\d+)?|nan")
ROW = re.compile(
    r"^\| (?P<words>[^|]+) \| (?P<value>-?[\d.]+)[^(|]*(?:\(MCSE (?P<error>[\d.]+)\))?",
    re.MULTILINE,
)


@pytest.fixture(scope="module")
def pitfalls():
    return all_pitfalls(FEW, SEED)


@pytest.fixture(scope="module")
def published_page():
    return PAGE.read_text(encoding="utf-8")


def test_the_page_in_docs_is_what_the_command_writes_but_for_the_figures(pitfalls, published_page):
    small = pitfalls_text(pitfalls, FEW, SEED)
    assert NUMBER.sub("#", published_page) == NUMBER.sub("#", small)
    assert f"over {REPLICATES}" in published_page


def test_the_figures_of_the_page_agree_with_a_small_run(pitfalls, published_page):
    shown = list(ROW.finditer(published_page))
    figures = [figure for pitfall in pitfalls for figure in pitfall.figures]
    for row, figure in zip(shown, figures, strict=True):
        value = float(row["value"])
        if figure.mcse is None:
            assert (row["words"], row["value"]) == (figure.words, str(figure).split()[0])
        elif np.isfinite(figure.value):
            # The error of the small run, from that of the page; half a unit for rounding.
            error = float(row["error"]) * np.sqrt(REPLICATES / FEW)
            assert abs(figure.value - value) < 4 * error + 0.06, figure.words


def test_a_figure_from_the_printed_counts_is_the_derived_one(pitfalls):
    found = {p.key: p for p in pitfalls}
    values = [figure.value for figure in found["several-estimands"].figures]
    assert values == pytest.approx([1.8717, 1.5993, 11.71, 1.569, 2.3111], abs=2e-3)
    tests = found["fragile-significance"].figures
    assert [str(tests[0]), str(tests[1])] == ["0.052", "0.048"]


def read(published_page, title):
    section = published_page.split(f"## {title}")[1].split("\n## ")[0]
    return [(float(m["value"]), float(m["error"] or 0)) for m in ROW.finditer(section)]


def beyond(upper, lower):
    """Whether one figure lies above another by more than three errors of their difference."""
    return upper[0] - lower[0] > 3 * np.hypot(upper[1], lower[1])


def test_the_page_shows_what_it_states(published_page):
    truth, operated, _, _, rechecked, low, high = read(published_page, "Responders are excluded")
    assert beyond(truth, operated)
    assert abs(rechecked[0] - 1) < 3 * rechecked[1]
    assert low < high
    truth, completers, wrong, started, right = read(published_page, "Only completers")
    assert beyond(completers, truth)
    assert beyond(wrong, right)
    assert abs(started[0] - 1) < 3 * started[1]
    truth, unadjusted, weighted, _ = read(published_page, "Patients with a good prognosis")
    assert beyond(unadjusted, weighted)
    truth, weighted, _, known = read(published_page, "Balance of measured covariates")
    assert beyond(weighted, truth)
    assert not beyond(known, truth)
    *_, ratio = read(published_page, "A conditional odds ratio")
    assert beyond(ratio, (1, 0))
    naive, stable, robust, exact, enlarged = read(published_page, "Weights are not patients")
    assert beyond(stable, naive)
    assert beyond(robust, exact)
    assert exact < enlarged < robust
    truth, weighted, both, given, ratio, covered = read(published_page, "Stabilised weights with")
    assert abs(weighted[0] - truth[0]) < 3 * np.hypot(weighted[1], truth[1])
    assert beyond(both, truth)
    assert abs(both[0] - given[0]) < 3 * np.hypot(both[1], given[1])
    assert beyond(ratio, (1, 0))
    assert beyond((95, 0), covered)
    explained, without, twice, own, others = read(published_page, "The propensity score together")
    assert explained[0] > 90
    assert twice[0] / without[0] == pytest.approx(1, abs=0.02)
    assert own[0] == pytest.approx(1, abs=0.02)
    assert beyond(others, (1.5, 0))
    _, _, worst, _, fine = read(published_page, "One-to-one matching")
    assert beyond(worst, fine)
    _, one, eight, sixteen, holm, best = read(published_page, "Eight subgroups")
    assert sixteen > eight
    assert beyond(eight, one)
    assert beyond(eight, holm)
    assert beyond(best, one)
    rows = read(published_page, "Mediation through therapy")
    assert beyond(rows[0], rows[4])
    assert beyond(rows[2], rows[3])
    assert beyond(rows[7], rows[6])
    _, _, complete, _, imputed = read(published_page, "Patients with a missing hormone")
    assert beyond(imputed, complete)
    assert abs(imputed[0] - 1) < 0.1
    naive, clustered = read(published_page, "Oocytes of one couple")
    assert beyond(naive, (5, 0))
    assert not beyond(clustered, (5, 0))
    _, conservative, censored = read(published_page, "Cumulative live birth")
    assert beyond(censored, conservative)
    every, _, significant, _ = read(published_page, "A significant study")
    assert beyond(significant, every)


def test_every_figure_of_the_html_is_in_the_table(pitfalls, tmp_path):
    write_bias_analysis(pitfalls, tmp_path, FEW, SEED)
    html = (tmp_path / "bias-analysis.html").read_text(encoding="utf-8")
    assert html == render_pitfalls(pitfalls, FEW, SEED)
    table = pitfall_frame(pitfalls)
    assert len(table) == sum(len(pitfall.figures) for pitfall in pitfalls) > 60
    assert html.count("<tr>") == len(table)
    assert (tmp_path / "bias-analysis.csv").read_text().count("\n") == len(table) + 1
    assert (tmp_path / "bias-analysis.md").read_text(encoding="utf-8") == pitfalls_text(
        pitfalls, FEW, SEED
    )


def test_figures_by_hand():
    assert str(mean_ratio("", [1, 4])) == "2.00 (MCSE 1.386)"
    assert str(mean_ratio("", [1, 4, np.inf, np.nan])) == "2.00 (MCSE 1.386)"
    assert mean_of("", [1, 3], "percent") == Figure("", 2.0, "percent", 1.0)
    assert np.isnan(mean_of("", [1], "percent").value)
    assert share_of("", [False] * 40).mcse > 0
