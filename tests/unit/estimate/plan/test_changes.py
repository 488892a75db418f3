"""Measurements before and after, by hand."""

import numpy as np
import pytest
from scipy import stats

from estimate.plan.changes import Pairs, changes
from estimate.plan.choices import Measured
from estimate.plan.spec import Plan
from protocol.errors import InputError

MEN = {
    "gn": [1, 1, 1, 0, 1],
    "y": [1, 0, 1, 0, 0],
    "fsh": [20.0, 30.0, np.nan, 12.0, 18.0],
    "fsh_after": [15.0, 24.0, 9.0, np.nan, 18.0],
    "drug": ["a", "b", "b", "a", "a"],
}


def planned(**measured):
    return Plan(
        treatment="gn", outcome="y", methods=("unadjusted",), changes={"FSH": Measured(**measured)}
    )


def test_patients_with_both_values_are_paired():
    (change,) = changes(MEN, planned(before="fsh", after="fsh_after"))
    ((words, pairs),) = change.groups
    assert words == "all"
    assert pairs.before.tolist() == [20, 30, 18]
    assert pairs.after.tolist() == [15, 24, 18]
    record = change.record()["groups"][0]
    assert (record["patients"], record["before_quartiles"]) == (3, [19, 20, 25])


def test_groups_are_named_by_their_column():
    (change,) = changes(MEN, planned(before="fsh", after="fsh_after", by="drug"))
    assert {words: len(pairs.before) for words, pairs in change.groups} == {
        "drug = a": 2, "drug = b": 1
    }  # fmt: skip
    assert change.record()["groups"][1]["p_value"] is None


def test_the_test_is_the_signed_rank_test():
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=(2, 30))
    expected = stats.wilcoxon(after, before, method="approx").pvalue
    assert Pairs(before, after).p_value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        ({"before": "fsh", "after": "lh"}, "lh: there is no such column"),
        ({"before": "fsh", "after": "drug"}, "'a' is not a number"),
        ({"before": "fsh", "after": "fsh_after", "by": "ward"}, "ward: there is no such column"),
    ],
)
def test_columns_that_do_not_fit_are_refused(measured, message):
    with pytest.raises(InputError, match=message):
        list(changes(MEN, planned(**measured)))


def test_nobody_with_both_values_is_refused():
    patients = {**MEN, "fsh_after": [np.nan] * 5}
    with pytest.raises(InputError, match="no patient has a value there and in fsh"):
        list(changes(patients, planned(before="fsh", after="fsh_after")))
