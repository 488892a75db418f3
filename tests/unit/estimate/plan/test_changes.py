"""Changes from before to after treatment: hand calculations."""

import itertools

import numpy as np
import pytest

from estimate.comparison.two_sample import signed_rank
from estimate.plan.changes import Pairs, changes
from estimate.plan.choices import Measured
from estimate.plan.spec import Plan
from protocol.errors import InputError

PATIENTS = {
    "therapy": [1, 1, 1, 0, 1],
    "y": [1, 0, 1, 0, 0],
    "fsh": [20.0, 30.0, np.nan, 12.0, 18.0],
    "fsh_after": [15.0, 24.0, 9.0, np.nan, 18.0],
    "drug": ["a", "b", "b", "a", "a"],
}


def planned(**measured):
    return Plan(
        treatment="therapy",
        outcome="y",
        methods=("unadjusted",),
        changes={"FSH": Measured(**measured)},
    )


def test_patients_with_both_values_are_paired():
    (change,) = changes(PATIENTS, planned(before="fsh", after="fsh_after"))
    ((words, pairs),) = change.groups
    assert words == "all"
    assert pairs.before.tolist() == [20, 30, 18]
    assert pairs.after.tolist() == [15, 24, 18]
    record = change.record()["groups"][0]
    assert (record["patients"], record["before_quartiles"]) == (3, [19, 20, 25])


def test_groups_are_named_by_their_column():
    (change,) = changes(PATIENTS, planned(before="fsh", after="fsh_after", by="drug"))
    assert {words: len(pairs.before) for words, pairs in change.groups} == {
        "drug = a": 2, "drug = b": 1
    }  # fmt: skip
    assert change.record()["groups"][1]["p_value"] == 1.0  # a single change


def test_five_changes_of_one_sign_have_the_smallest_exact_p():
    rising = Pairs(np.array([8.1, 9.4, 7.7, 8.8, 7.0]), np.array([15.2, 18.0, 12.9, 17.1, 11.4]))
    assert rising.test.method == "Wilcoxon signed-rank, exact"
    assert rising.p_value == 2 / 2**5


def test_the_exact_distribution_is_that_of_all_signs():
    change = np.array([0.3, -1.2, 2.5, 3.1, -0.4, 1.7, 0.9])
    ranks = np.argsort(np.argsort(np.abs(change))) + 1
    observed = ranks[change > 0].sum()
    signs = np.array(list(itertools.product((0, 1), repeat=7)))
    upper = ((signs * ranks).sum(1) >= observed).mean()
    assert signed_rank(change).p_value == pytest.approx(min(1.0, 2 * upper))


def test_no_change_in_any_patient_gives_no_p_value():
    pairs = Pairs(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    assert np.isnan(pairs.p_value)


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
        list(changes(PATIENTS, planned(**measured)))


def test_a_table_without_paired_values_is_refused():
    patients = {**PATIENTS, "fsh_after": [np.nan] * 5}
    with pytest.raises(InputError, match="no patient has a value there and in fsh"):
        list(changes(patients, planned(before="fsh", after="fsh_after")))
