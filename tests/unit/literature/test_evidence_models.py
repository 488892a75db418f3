"""Subgroups, counts, assumed bias by judgement, and elicited priors of published evidence."""

import json
import math

import pytest
from scipy.stats import norm

import pretese
from estimate.meta_analysis.count_models import beta_binomial, binomial_normal
from estimate.meta_analysis.peto import peto_odds_ratio
from pretese.cli import run
from pretese.literature.prior import PriorFile, prior_text
from protocol.errors import InputError
from protocol.reading.documents import parse_document

STUDIES = """\
about: four cohorts made for this test
studies:
  - name: first
    citation: made for this test
    locator: none stated
    read: article
    design: cohort
    population: {diagnosis: azoospermia, fsh_class: mixed}
    risk_of_bias: {confounding: serious, selection: moderate}
    comparisons:
      - endpoint: any sperm
        therapy: {events: 12, patients: 40}
        control: {events: 9, patients: 41}
  - name: second
    citation: made for this test
    locator: none stated
    read: abstract
    design: cohort
    population: {diagnosis: azoospermia, fsh_class: mixed}
    comparisons:
      - endpoint: any sperm
        therapy: {events: 20, patients: 60}
        control: {events: 11, patients: 58}
  - name: third
    citation: made for this test
    locator: none stated
    read: abstract
    design: randomised trial
    population: {diagnosis: azoospermia, fsh_class: hypergonadotropic}
    risk_of_bias: {tool: RoB 2, selection: moderate}
    comparisons:
      - endpoint: any sperm
        therapy: {events: 5, patients: 30}
        control: {events: 9, patients: 33}
  - name: fourth
    citation: made for this test
    locator: none stated
    read: abstract
    design: cohort
    population: {diagnosis: azoospermia, fsh_class: hypergonadotropic}
    comparisons:
      - endpoint: any sperm
        therapy: {events: 2, patients: 25}
        control: {events: 0, patients: 10}
"""
BIAS = {
    "about": "assumed for this test",
    "domains": {
        "confounding": {"moderate": {"sd": 0.1}, "serious": {"shift": 0.2, "sd": 0.3}},
        "selection": {"moderate": {"shift": 0.1, "sd": 0.4}},
    },
}
EXPERTS = """\
about: three experts
endpoint: sperm retrieved
status: elicited
quantiles:
  - {percent: 5, odds_ratio: 0.6}
  - {percent: 50, odds_ratio: 1.2}
  - {percent: 95, odds_ratio: 2.4}
"""


@pytest.fixture
def own_file(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(STUDIES)
    return path


@pytest.fixture
def found(own_file):
    return pretese.evidence(own_file)


def test_without_variance_between_studies_a_subgroup_is_pooled_on_its_own(found, own_file):
    chosen = {"method": "EE", "test": "normal"}
    groups = found.pool("any sperm", by="fsh_class", **chosen).to_dict()["subgroups"]
    logs, errors = [], []
    for each in groups["groups"]:
        apart = pretese.evidence(own_file, fsh_class=each["value"]).pool("any sperm", **chosen)
        for name in ("estimate", "conf_low", "conf_high"):
            assert each[name] == pytest.approx(apart.to_dict()[name], rel=1e-5)
        assert each["studies"] == 2
        logs.append(math.log(each["estimate"]))
        errors.append(apart.to_dict()["std_error"])
    z = (logs[0] - logs[1]) / math.hypot(*errors)
    assert groups["differences_p_value"] == pytest.approx(2 * norm.sf(abs(z)), rel=1e-4)


def test_counts_are_pooled_as_by_the_estimators(found):
    counts = [12, 20, 5, 2], [40, 60, 30, 25], [9, 11, 9, 0], [41, 58, 33, 10]
    mixed, beta = binomial_normal(*counts), beta_binomial(*counts)
    for model, pooled, extra in (
        ("peto", peto_odds_ratio(*counts), (None, None)),
        ("binomial-normal", mixed.pooled, (mixed.tau2, None)),
        ("beta-binomial", beta.pooled, (None, beta.correlation)),
    ):
        document = found.pool_counts("any sperm", model).to_dict()
        assert document["estimate"] == pytest.approx(math.exp(pooled.effect), rel=1e-5)
        assert document["std_error"] == pytest.approx(pooled.std_error, rel=1e-5)
        for name, value in zip(("tau2", "correlation"), extra, strict=True):
            expected = None if value is None else pytest.approx(value, rel=1e-4, abs=1e-7)
            assert document[name] == expected
    frame = found.pool_counts("any sperm").to_frame()
    assert list(frame["therapy_events"]) == counts[0]


def test_a_study_without_events_does_not_contribute(own_file):
    own_file.write_text(STUDIES.replace("{events: 2, patients: 25}", "{events: 0, patients: 25}"))
    page = str(pretese.evidence(own_file).pool_counts("any sperm"))
    assert "do not contribute: 1" in page
    assert max(map(len, page.splitlines())) <= 80


def test_assumed_biases_of_the_domains_of_a_study_are_added(found):
    plain, moved = found.pool("any sperm"), found.pool("any sperm", bias=BIAS)
    rows = moved.to_frame().set_index("name")
    assert rows.loc["first", "bias_shift"] == pytest.approx(0.3)
    assert rows.loc["first", "bias_sd"] == pytest.approx(0.5)
    assert rows.loc["second", ["bias_shift", "bias_sd"]].tolist() == [0, 0]
    assert rows.loc["third", "bias_shift"] == pytest.approx(0.1)  # randomised, judged by RoB 2
    before = plain.to_frame().set_index("name")
    assert rows.loc["first", "estimate"] == pytest.approx(
        before.loc["first", "estimate"] / math.exp(0.3), rel=1e-4
    )
    assert "first 0.30, 0.50" in str(moved)
    both = found.pool("any sperm", bias=BIAS, bias_shift=0.2, bias_sd=1.2).to_frame()
    row = both.set_index("name").loc["first"]
    assert (row["bias_shift"], row["bias_sd"]) == pytest.approx((0.5, 1.3))


def test_quantiles_of_experts_become_a_normal_prior():
    prior = parse_document(EXPERTS, PriorFile, "experts.yaml")
    (part,) = prior.components
    assert part.mean_log_odds == pytest.approx(math.log(1.2))
    assert part.sd_log_odds == pytest.approx(math.log(2) / norm.ppf(0.95))
    assert parse_document(prior_text(prior), PriorFile, "again.yaml") == prior


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("status: elicited", "status: assumed"), "must be elicited"),
        (("percent: 95", "percent: 50"), "two have the same percent"),
        (("odds_ratio: 2.4", "odds_ratio: 0.9"), "do not rise"),
        (("odds_ratio: 2.4", "odds_ratio: 500"), "misses a stated probability by"),
        (("odds_ratio: 1.2", "odds_ratio: abc"), "quantiles.1.odds_ratio"),
        (("odds_ratio: 1.2", "odds_ratio: 0"), "quantiles.1.odds_ratio"),
        (("quantiles:\n  - {percent: 5, odds_ratio: 0.6}\n  - {percent: 50, odds_ratio: 1.2}",
          "quantiles:"), "fewer than two quantiles"),
        (("quantiles:", "components: [{weight_percent: 100, mean_log_odds: 0, sd_log_odds: 1, "
          "origin: other}]\nquantiles:"), "components differ"),
    ],
)  # fmt: skip
def test_quantiles_that_cannot_be_used_are_refused(change, words):
    with pytest.raises(InputError, match=words):
        parse_document(EXPERTS.replace(*change), PriorFile, "experts.yaml")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda e: e.pool("any sperm", by="year"), "choose from fsh_class"),
        (lambda e: e.pool("any sperm", by="surgery"), "all studies that are pooled"),
        (lambda e: e.pool_counts("any sperm", "logistic"), "choose from binomial-normal"),
        (lambda e: e.pool_counts("live birth"), "no study gives counts of live birth"),
        (lambda e: e.pool("any sperm", bias="nowhere.yaml"), "no such file"),
        (lambda e: e.pool("any sperm", bias={"about": "x", "domains": {"other": {}}}), "other"),
        (lambda e: e.pool("any sperm", bias={"about": "x", "domains": {"selection": {
            "moderate": {"sd": 0.4}, "serious": {"sd": 0.1}}}}), "standard deviation falls"),
    ],
)  # fmt: skip
def test_a_model_that_cannot_be_fitted_is_refused(found, call, words):
    with pytest.raises(InputError, match=words):
        call(found)


def test_the_command_fits_the_models(own_file, tmp_path, capsys):
    words = ["evidence", str(own_file), "--pool", "any sperm"]
    bias, funnel = tmp_path / "bias.yaml", tmp_path / "funnel.svg"
    bias.write_text(json.dumps(BIAS))
    assert run([*words, "--by", "fsh_class", "--bias", str(bias)]) == 0
    page = capsys.readouterr().out
    assert "Test for differences between subgroups" in page
    assert max(map(len, page.splitlines())) <= 80
    assert run([*words, "--model", "peto", "--json"]) == 0
    expected = pretese.evidence(own_file).pool_counts("any sperm", "peto").to_dict()
    assert json.loads(capsys.readouterr().out) == expected
    assert run([*words, "--plot", str(funnel), "--plot-kind", "funnel"]) == 0
    assert "Standard error" in funnel.read_text()
    capsys.readouterr()
    assert run([*words, "--model", "peto", "--method", "DL"]) == 2
    assert "counts are pooled without --method" in capsys.readouterr().err
