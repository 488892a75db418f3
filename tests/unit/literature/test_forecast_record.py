"""Dated forecasts of registered trials: stored forecasts can be recomputed and scored."""

import hashlib
import json
import math

import pytest

import pretese
from docs.generate.evidence import forecasts as forecasts_page
from pretese.literature.forecast_record import (
    OUTCOMES,
    forecast_scores,
    outcome_probabilities,
    sealed,
)
from protocol.errors import InputError


@pytest.mark.parametrize("trial", forecasts_page.TRIALS, ids=lambda trial: trial.registry)
def test_a_stored_forecast_is_the_one_that_is_computed(trial):
    stored = forecasts_page.RECORDS / f"{trial.registry.lower()}.json"
    again = forecasts_page.text_of(forecasts_page.record(trial))
    assert stored.read_text("utf-8") == again, "run: python -m docs.generate.evidence.forecasts"


def test_the_page_is_written_from_the_records():
    records = [
        json.loads((forecasts_page.RECORDS / f"{trial.registry.lower()}.json").read_text("utf-8"))
        for trial in forecasts_page.TRIALS
    ]
    assert forecasts_page.PAGE.read_text("utf-8") == forecasts_page.page(records)


def test_the_hash_is_that_of_the_other_fields():
    record = sealed({"b": 1, "a": "é"})
    assert record["content_sha256"] == hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()


def test_scores_by_hand():
    given = outcome_probabilities(0.5, 0.1)
    assert given["neither"] == pytest.approx(0.4)
    found = forecast_scores(given, "harm")
    assert found["brier"] == pytest.approx(0.25 + 0.81 + 0.16)
    assert found["logarithmic"] == pytest.approx(-math.log(0.1))


def test_no_other_forecast_has_a_better_expected_score_than_the_true_probabilities():
    true = {"benefit": 0.5, "harm": 0.2, "neither": 0.3}

    def expected(given, name):
        return sum(share * forecast_scores(given, each)[name] for each, share in true.items())

    for name in ("brier", "logarithmic"):
        for moved in (0.01, -0.01):
            other = {**true, "benefit": 0.5 + moved, "neither": 0.3 - moved}
            assert expected(true, name) < expected(other, name)


def test_an_outcome_of_probability_zero_has_an_infinite_score_and_an_unknown_one_is_refused():
    given = dict.fromkeys(OUTCOMES, 0.0) | {"benefit": 1.0}
    assert forecast_scores(given, "neither")["logarithmic"] == math.inf
    with pytest.raises(InputError, match="give benefit, harm, neither"):
        forecast_scores(given, "success")


def test_a_forecast_of_a_design_is_recorded_and_scored():
    forecast = pretese.design("superiority-any-sperm").forecast("evidence", [300])
    record = forecast.record("NCT00000000", "2026-12-01")
    assert sum(record["probabilities"].values()) == pytest.approx(1)
    assert record["participants"] == 300
    assert forecast.scores("benefit")["logarithmic"] == pytest.approx(
        -math.log(record["probabilities"]["benefit"])
    )
    with pytest.raises(InputError, match="write YYYY-MM-DD"):
        forecast.record("NCT00000000", "tomorrow")
