"""Cumulative live birth rate requested in a plan."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from estimate.plan.analyse import analyse
from estimate.plan.live_birth import live_births
from estimate.plan.spec import Plan
from protocol.errors import InputError

COUPLES = {
    "therapy": [1, 1, 1, 1, 0, 0, 0, 1],
    "y": [1, 0, 1, 0, 1, 0, 1, 0],
    "transfers": [1, 2, 3, 2, 1, 2, 3, 0],
    "birth": [1, 1, 0, 0, 1, 0, 0, None],
    "frozen": [0, 0, 1, 0, 0, 0, 1, None],
}


def plan(**columns):
    asked = {"transfers": "transfers", "birth": "birth", **columns}
    return Plan(treatment="therapy", outcome="y", methods=("unadjusted",), live_birth=asked)


def found(columns=None, **asked):
    return list(live_births({**COUPLES, **(columns or {})}, plan(**asked)))


def test_couples_without_a_transfer_are_excluded():
    assert found()[0].couples == (3, 4)


def test_conservative_ends_at_the_unadjusted_share_and_censoring_above_it():
    conservative, censored = found()
    assert (conservative.convention, censored.convention) == ("conservative", "censored")
    assert 1 - conservative.curves[1].survival[-1] == pytest.approx(2 / 4)
    # survival after the first transfer is 3/4; then one of three couples at risk delivers
    assert 1 - censored.curves[1].survival[-1] == pytest.approx(1 - 3 / 4 * 2 / 3)
    assert censored.curves[1].table.at_risk.tolist() == [4, 3, 1]


def test_the_rate_with_embryos_left_lies_between_the_other_two():
    names = [each.convention for each in found(embryos_left="frozen")]
    assert names == ["conservative", "censored", "embryos left"]
    low, high, middle = (1 - d.curves[0].survival[-1] for d in found(embryos_left="frozen"))
    assert low <= middle <= high


def test_the_reference_couples_agree_with_r():
    r = Path(__file__).parents[3] / "reference" / "r"
    g10 = json.loads((r / "g10_km.json").read_text())
    couples = pd.read_csv(r / "icsi138.csv")
    couples["y"] = np.arange(len(couples)) % 2
    columns = {"transfers": "n_et", "birth": "livebirth", "embryos_left": "embryos_left"}
    record = analyse(couples, plan(**columns)).record()["live_birth"]
    names = ("conservative_no_censoring", "censored", "embryos_left_censored")
    for ours, theirs in zip(record, names, strict=True):
        assert ours["log_rank_p"] == pytest.approx(g10[theirs]["p"], rel=1e-8)
    unadjusted = couples.groupby("therapy")["livebirth"].mean()
    assert record[0]["treated"]["cumulative_live_birth"][-1] == pytest.approx(unadjusted[1])
    assert record[0]["untreated"]["cumulative_live_birth"][-1] == pytest.approx(unadjusted[0])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"transfers": [1.5, 2, 3, 2, 1, 2, 3, 0]}, "transfers: it holds fractions"),
        ({"birth": [1, 2, 0, 0, 1, 0, 0, None]}, "birth: it holds other than 0 and 1"),
        ({"birth": [None, 1, 0, 0, 1, 0, 0, None]}, "birth: it holds other than 0 and 1"),
        ({"transfers": [1, 2, 3, 2, 0, 0, 0, 0]}, "no couple with therapy 0 has a transfer"),
    ],
)
def test_what_cannot_be_followed_is_refused(columns, message):
    with pytest.raises(InputError) as caught:
        found(columns)
    assert any(message in str(fault) for fault in caught.value.faults)


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(InputError, match="cycles: there is no such column"):
        found(transfers="cycles")
