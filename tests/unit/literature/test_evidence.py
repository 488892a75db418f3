"""Published studies: the shipped files, selection, pooling, figures, and faults of own files."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import pretese
from docs.generate.evidence.published import page
from pretese.article.published import load_published
from pretese.cli import run
from pretese.literature.library import evidence_topics, read_evidence, select_studies
from pretese.literature.pooled_evidence import pool_studies
from pretese.literature.prior import PriorFile
from protocol.errors import InputError

STUDY = """\
about: two cohorts made for this test
studies:
  - name: first
    citation: made for this test
    locator: none stated
    read: article
    design: cohort
    population: {diagnosis: azoospermia, fsh_class: mixed}
    comparisons:
      - endpoint: any sperm
        therapy: {events: 12, patients: 40}
        control: {events: 9, patients: 41}
  - name: second
    citation: made for this test
    locator: pmid:12345678
    read: abstract
    design: randomised trial
    population: {diagnosis: azoospermia, fsh_class: hypergonadotropic}
    comparisons:
      - {endpoint: any sperm, scale: odds ratio, estimate: 2.0, interval: [1.0, 4.0]}
      - endpoint: any sperm
        therapy: {events: 20, patients: 60}
        control: {events: 11, patients: 58}
"""


@pytest.fixture
def own_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(STUDY)
    return path


def test_every_shipped_study_has_a_locator_and_how_it_was_read():
    found = read_evidence()
    assert len(evidence_topics()) == 8
    assert len({each.study.name for each in found}) == len(found)
    for each in found:
        study = each.study
        if study.design == "registered trial":
            assert re.fullmatch(r"nct:NCT\d{8}", study.locator), study.name
            assert study.status is not None
        findable = study.locator != "none stated" or study.year is not None
        assert findable or "not shown" in study.citation or "not seen" in study.citation, study.name
        for row in study.results:
            low, high = row.interval or (-math.inf, math.inf)
            assert row.value is None or low <= row.value <= high, (study.name, row.quantity)
            if row.unit == "percent":
                assert 0 <= row.value <= 100, (study.name, row.quantity)


def test_the_article_enters_with_the_figures_of_its_own_file():
    """The article's figures also ship in a file of their own: both files must agree."""
    article = load_published("rbe-2022-00934")
    study = next(e.study for e in read_evidence() if e.study.name == "rbej-2022")
    counts = study.comparisons[0]
    assert study.population.patients == article.number("flow.enrolled").value
    odds = (
        counts.therapy.events
        * (counts.control.patients - counts.control.events)
        / ((counts.therapy.patients - counts.therapy.events) * counts.control.events)
    )
    assert odds == pytest.approx(article.number("table2.unadjusted.odds_ratio").value, abs=0.005)


def test_a_study_enters_by_the_result_that_is_preferred(own_file):
    found = pretese.evidence(own_file)
    adjusted = found.pool("any sperm").to_frame().set_index("name")
    counts = found.pool("any sperm", prefer="unadjusted").to_frame().set_index("name")
    assert adjusted.loc["second", "estimate"] == 2.0
    assert counts.loc["second", "estimate"] == pytest.approx(20 * 47 / (40 * 11))
    assert counts.loc["second", "source"] == "20/60 against 11/58"
    assert adjusted.loc["first", "estimate"] == counts.loc["first", "estimate"]
    assert adjusted["weight_percent"].sum() == pytest.approx(100)


def test_leaving_a_study_out_gives_what_the_table_promised(own_file):
    found = pretese.evidence(own_file)
    promised = found.pool("any sperm").to_frame().set_index("name").loc["first", "without_it"]
    alone = pretese.evidence(own_file, without=["first"]).pool("any sperm")
    assert alone.to_dict()["estimate"] == pytest.approx(promised)
    assert alone.to_dict()["prediction_low"] is None
    assert "cannot be estimated" in str(alone)


def test_an_assumed_bias_moves_the_studies_that_are_not_randomised(own_file):
    found = pretese.evidence(own_file)
    plain, moved = found.pool("any sperm"), found.pool("any sperm", bias_shift=0.3, bias_sd=0.2)
    before, after = (p.result.effects for p in (plain, moved))
    first = [row.name for row in plain.result.rows].index("first")
    where = [row.name for row in moved.result.rows].index("first")
    assert after.effect[where] == pytest.approx(before.effect[first] - 0.3)
    assert after.variance[where] == pytest.approx(before.variance[first] + 0.04)
    assert after.effect[1 - where] == before.effect[1 - first]


def test_meta_analyses_and_uncontrolled_studies_are_excluded_by_name():
    pooled = pool_studies(read_evidence())
    reasons = dict(pooled.excluded)
    assert reasons["boulos-2021"] == "meta-analysis: no primary comparison"
    assert reasons["shiraishi-2016"].startswith("single arm")
    assert len(reasons) + len(pooled.rows) == len(read_evidence())
    assert any(row.estimate < 1 for row in pooled.rows)  # harm was reported and is included


def test_the_page_in_docs_is_written_from_the_data():
    root = Path(__file__).parents[3]
    written = (root / "docs/reference/evidence.md").read_text(encoding="utf-8")
    assert written == page()


def test_filters_choose_by_field_and_by_drug():
    everything = read_evidence()
    second = select_studies(everything, {"surgery": "second", "drug": "hcg"})
    assert {e.study.name for e in second} >= {"shiraishi-2012", "shinjo-2013"}
    assert all(e.study.population.surgery == "second" for e in second)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("events: 12", "events: 52"), "52 events among 40 patients"),
        (("interval: [1.0, 4.0]", "interval: [3.0, 4.0]"), "inside its interval"),
        (("pmid:12345678", "somewhere"), "locator"),
        (("name: second", "name: first"), "two studies are called first"),
        (("scale: odds ratio, ", ""), "either the counts of both arms"),
        (("read: abstract", "read: heard"), "read"),
        (("design: randomised trial", "design: registered trial"), "has a status"),
    ],
)
def test_a_faulty_file_is_refused_in_words(own_file, change, words):
    own_file.write_text(STUDY.replace(*change))
    with pytest.raises(InputError, match=words):
        read_evidence([own_file])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pretese.evidence(fsh_class="high"), "choose from"),
        (lambda: pretese.evidence(without=["nobody-1900"]), "no study 'nobody-1900'"),
        (lambda: pretese.evidence().pool("toxicity"), "choose from sperm retrieved"),
        (lambda: pretese.evidence().pool(bias_sd=-1), "below 0"),
        (lambda: pretese.evidence().pool(bias_shift=float("nan")), "number"),
        (lambda: pretese.evidence("reviews").pool(), "no study gives sperm retrieved"),
        (lambda: pretese.evidence("nothing-there"), "topic of evidence"),
        (lambda: pretese.evidence().pool().plot("pie"), "forest or funnel"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_figures_hold_every_study_and_the_pooled_effect():
    pooled = pretese.evidence().pool()
    forest, funnel = pooled.plot(), pooled.plot("funnel")
    labels = [tick.get_text() for tick in forest.axes[0].get_yticklabels()]
    assert labels == [row.name for row in pooled.result.rows] + ["pooled", "prediction interval"]
    (points,) = [line for line in funnel.axes[0].lines if line.get_marker() == "o"]
    assert list(points.get_xdata()) == pytest.approx(list(np.exp(pooled.result.effects.effect)))
    difference = pretese.evidence().pool(scale="risk difference").plot()
    assert difference.axes[0].get_xscale() == "linear"


def test_the_command_prints_lists_analyses_and_json(capsys, tmp_path, own_file):
    assert run(["evidence", str(own_file)]) == 0
    assert "2 studies" in capsys.readouterr().out
    figure = tmp_path / "forest.svg"
    assert run(["evidence", str(own_file), "--pool", "any sperm", "--plot", str(figure)]) == 0
    page = capsys.readouterr().out
    assert "Knapp-Hartung" in page
    assert max(map(len, page.splitlines())) <= 80
    assert figure.read_text().startswith("<svg")
    assert run(["evidence", str(own_file), "--pool", "any sperm", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == pretese.evidence(own_file).pool("any sperm").to_dict()
    assert run(["evidence", "--surgery", "third"]) == 2
    assert "choose from" in capsys.readouterr().err
    assert run(["evidence"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_pooled_evidence_becomes_a_prior_that_holds_harm_and_no_effect():
    prior = pretese.evidence().pool().prior(null_weight=0.3, vague_weight=0.1)
    table = prior.to_frame()
    shares = table.groupby("origin")["weight_percent"].sum()
    assert shares["no effect"] == pytest.approx(30)
    assert shares["vague"] == pytest.approx(10)
    assert shares.sum() == pytest.approx(100)
    assert 0.05 < prior.file.mixture().probability_below(0.0) < 0.6
    assert PriorFile(**prior.to_dict()).mixture().mean == pytest.approx(prior.file.mixture().mean)
    (line,) = [each for each in prior.plot().axes[0].lines if len(each.get_xdata()) == 500]
    assert (line.get_ydata() >= 0).all()


def test_a_prior_gives_the_outlook_of_trials_of_several_sizes():
    prior = pretese.evidence().pool().prior()
    table = prior.assurance(0.195, [60, 600])
    for column in ("success", "events_gained", "harm_shown"):
        assert table[column].is_monotonic_increasing, column
    assert table["events_gained_per_participant"].is_monotonic_decreasing
    assert (table["success"] <= table["benefit"] + table["misleading"] + 1e-12).all()
    burden = prior.assurance(0.195, [600], smallest_difference=0.05)
    assert burden["success"].item() == table["success"][1]
    assert burden["events_gained"].item() != table["events_gained"][1]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pretese.evidence().pool(scale="risk difference").prior(), "pool odds ratios"),
        (lambda: pretese.evidence().pool().prior(null_weight=0.9, vague_weight=0.9), "more than 1"),
        (lambda: pretese.evidence().pool().prior().assurance(0.195, []), "none given"),
        (lambda: pretese.evidence().pool().prior().assurance(0.195, [2]), "at least 4"),
        (lambda: pretese.evidence().pool().prior().assurance(19.5, [60]), "between 0 and 1"),
    ],
)
def test_a_prior_that_cannot_be_made_is_refused(call, words):
    with pytest.raises(InputError, match=words):
        call()
