import dataclasses
from fnmatch import fnmatchcase

import numpy as np
import pytest

from pretese.article.published import load_published
from pretese.article.report.compare import compare, comparison_frame, missed, reason_for
from pretese.article.report.reproduction_page import summary
from pretese.article.simulated.quartiles import quartiles
from protocol.errors import InputError
from tests.support.paper import paper

PUBLISHED = load_published("rbe-2022-00934")


def is_modelled(name):
    return not any(fnmatchcase(name, pattern) for pattern in paper().not_modelled)


#: A value for every number that must be simulated.
ANYTHING = {name: np.array([0.0, 1.0]) for name in PUBLISHED.numbers if is_modelled(name)}


def rows_of(**simulated):
    named = {name.replace("__", "."): np.asarray(values) for name, values in simulated.items()}
    return {row.id: row for row in compare(paper(), PUBLISHED, ANYTHING | named)}


def test_a_row_by_hand():
    row = rows_of(flow__treated=[394.0, 396.0, 397.0, 393.0, 395.0])["flow.treated"]
    answer = row.simulated
    assert (row.published, row.status, row.origin) == ("395", "calibrated to", "printed")
    assert answer.simulated_mean == 395
    assert answer.mcse == pytest.approx(np.sqrt(2.5 / 5))
    assert answer.percentile == 50  # two below, two above, one tie
    assert row.z == 0
    assert row.agrees is True


def test_a_calibrated_number_beyond_three_errors_is_missed():
    printed = [name for name in paper().targets if isinstance(name, str)]
    exact = {name: np.full(3, PUBLISHED.number(name).value) for name in printed}
    corrupted = exact | {"flow.treated": np.array([390.0, 391.0, 392.0])}
    rows = compare(paper(), PUBLISHED, ANYTHING | corrupted)
    assert [row.id for row in missed(rows)] == ["flow.treated"]
    assert summary(rows)["agree"] == len(printed) - 1


def test_a_predicted_number_is_never_judged():
    row = rows_of(table2__unadjusted__odds_ratio=[9.0, 9.1, 9.2])["table2.unadjusted.odds_ratio"]
    assert row.status == "predicted"
    assert row.agrees is None
    assert row.simulated.percentile == 0


def test_studies_without_an_estimate_are_counted_out():
    values = [1.8, np.nan, 1.9, np.inf, 1.87]
    row = rows_of(table2__unadjusted__odds_ratio=values)["table2.unadjusted.odds_ratio"]
    assert row.simulated.replicates == 3


def test_what_is_not_modelled_has_a_reason():
    rows = rows_of()
    silent = [row for row in rows.values() if row.status == "not modelled"]
    assert len(silent) > 50
    assert all(row.simulated is None and len(row.note) > 10 for row in silent)
    assert rows["mediation.acme_p_value"].note.startswith("needs simulated mediation")


def test_a_number_without_reason_is_a_fault_of_the_scenario():
    silent = paper().model_copy(update={"not_modelled": {}})
    with pytest.raises(InputError, match=r"no reason is given for flow\.noa_seen"):
        reason_for(silent, "flow.noa_seen")


def test_a_number_below_a_bound_is_shown_as_one():
    rows = rows_of(propensity__max_smd_after=[0.05, 0.09, 0.2])
    assert rows["propensity.max_smd_after"].published == "< 0.1"


def test_the_table_has_a_line_per_published_number():
    table = comparison_frame(compare(paper(), PUBLISHED, ANYTHING))
    assert list(table["id"]) == list(PUBLISHED.numbers)


def test_rows_are_frozen():
    row = rows_of()["flow.treated"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.z = 0


@pytest.mark.parametrize("seed", range(5))
def test_quartiles_equal_numpys_type_seven(seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=(4, 3, 31)).round(1)
    values[random.random(values.shape) < 0.2] = np.nan
    members = random.random(values.shape) < 0.7
    expected = np.nanquantile(np.where(members, values, np.nan), [0.25, 0.5, 0.75], axis=-1)
    assert np.allclose(quartiles(values, members), expected, rtol=0, atol=1e-14)


def test_a_group_without_patients_has_no_quartiles():
    assert np.isnan(quartiles(np.array([1.0, 2.0]), np.zeros(2, bool))).all()
