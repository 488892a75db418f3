"""The result object: scales, records and labels."""

import json

import numpy as np
import pytest
from scipy.stats import norm, t

from estimate.core.estimand import Estimand, IntercurrentEvent
from estimate.core.result import assemble, wald

QUESTION = Estimand("all patients", "therapy 1 vs 0", "sperm_retrieved", "odds ratio")


def test_ratios_are_reported_on_their_scale_and_errors_on_the_log_scale():
    answer = wald(QUESTION, "unadjusted", "odds ratio", np.log(2), 0.25, 100)
    assert answer.estimate == pytest.approx(2)
    assert answer.std_error == 0.25
    assert answer.statistic == pytest.approx(np.log(2) / 0.25)
    assert answer.conf_high == pytest.approx(2 * np.exp(norm.ppf(0.975) * 0.25))
    assert answer.p_value == pytest.approx(2 * norm.sf(np.log(2) / 0.25))


def test_students_t_when_degrees_of_freedom_are_given():
    answer = wald(QUESTION, "pooled", "risk difference", 0.1, 0.05, 30, df=7)
    assert answer.p_value == pytest.approx(2 * t.sf(2, 7))
    assert answer.conf_low == pytest.approx(0.1 - t.ppf(0.975, 7) * 0.05)


def test_records_are_valid_json():
    answer = wald(QUESTION, "unadjusted", "odds ratio", [0.0, np.inf], 0.1, 10)
    first, second = json.loads(json.dumps(answer.records(), allow_nan=False))
    assert first["estimate"] == 1
    assert second["estimate"] is None
    assert second["converged"] is False
    assert set(first) >= {
        "method", "estimand", "scale", "estimate", "std_error", "statistic", "p_value",
        "conf_low", "conf_high", "interval", "n",
    }  # fmt: skip


def test_one_study_makes_one_record():
    assert len(wald(QUESTION, "unadjusted", "odds ratio", 0.0, 0.1, 10).records()) == 1


def test_an_unknown_scale_is_refused():
    with pytest.raises(ValueError, match="hazard odds"):
        wald(QUESTION, "unadjusted", "hazard odds", 0.0, 0.1, 10)


def test_a_result_that_did_not_converge_has_no_numbers():
    answer = assemble(
        QUESTION, "unadjusted", "odds ratio", value=1, std_error=1, statistic=1, p_value=1, low=0,
        high=2, n=9, interval="none", converged=[True, False],
    )  # fmt: skip
    assert np.isnan(answer.estimate).tolist() == [False, True]
    assert answer.n.tolist() == [9, 9]


def test_the_estimand_names_intercurrent_events():
    question = Estimand(
        "patients started", "therapy 1 vs 0", "any sperm", "risk difference",
        (IntercurrentEvent("sperm in the ejaculate", "composite variable"),),
    )  # fmt: skip
    assert str(question).endswith("(sperm in the ejaculate: composite variable)")
    assert "among patients like the treated" in str(question.among("patients like the treated"))
