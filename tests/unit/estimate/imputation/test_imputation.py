"""Chained equations: hand calculations and boundary cases."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import special

from estimate.core.columns import Categorical, Numeric
from estimate.imputation.bootstrap import bootstrap_then_impute, combine
from estimate.imputation.categorical import draw_binary, draw_multinomial
from estimate.imputation.chain import Column, Method, impute
from estimate.imputation.convergence import convergence, missing_patterns
from estimate.imputation.linear import draw_linear, nearest_donors
from estimate.imputation.table import encode, impute_table
from estimate.regression.multinomial import fit_multinomial
from protocol.errors import InputError

AGE, FSH = Column("age_years"), Column("fsh_iu_l")
# Ten patients on the line y = 1 + 2 x, residuals +-1 that are orthogonal to intercept and x.
X = np.stack([np.ones(10), np.repeat(np.arange(5.0), 2)], -1)[None]
NOISE = np.tile([1.0, -1.0], 5)
Y = (1 + 2 * X[..., 1]) + NOISE
EVERYBODY = np.ones((1, 10), bool)


def test_a_linear_draw_by_hand() -> None:
    step = draw_linear(X, Y, EVERYBODY, np.array([[0.0, 0.0]]), np.array([2.5]))
    assert step.coef[0] == pytest.approx([1, 2])
    assert step.coef_drawn[0] == pytest.approx([1, 2])
    assert step.sigma_drawn[0] == pytest.approx(np.sqrt(10 / 2.5))
    # (X'X)^-1 = [[60, -20], [-20, 10]] / 200; its Cholesky factor starts (sqrt .3, -.1 / sqrt .3).
    moved = draw_linear(X, Y, EVERYBODY, np.array([[1.0, 0.0]]), np.array([2.5]))
    assert moved.coef_drawn[0] == pytest.approx([1 + 2 * 0.3**0.5, 2 - 2 * 0.1 / 0.3**0.5])


def test_rows_that_are_missing_do_not_inform() -> None:
    y, seen = Y.copy(), EVERYBODY.copy()
    y[0, 3], seen[0, 3] = np.nan, False
    step = draw_linear(X, y, seen, np.zeros((1, 2)), np.ones(1))
    expected = np.linalg.lstsq(X[0][seen[0]], Y[0][seen[0]], rcond=None)[0]
    assert step.coef[0] == pytest.approx(expected)


def test_collinear_columns_get_a_ridge_and_not_a_crash() -> None:
    twice = np.concatenate([X, X[..., 1:]], -1)
    step = draw_linear(twice, Y, EVERYBODY, np.zeros((1, 3)), np.ones(1))
    assert step.coef[0, 1] + step.coef[0, 2] == pytest.approx(2, rel=1e-3)
    nothing = np.concatenate([X, 0 * X[..., 1:]], -1)
    assert draw_linear(nothing, Y, EVERYBODY, np.zeros((1, 3)), np.ones(1)).coef[
        0
    ] == pytest.approx([1, 2, 0])


def test_donors_are_the_nearest_patients_with_a_value() -> None:
    predicted = np.array([[1.0, 5.0, 2.0, 8.0, 3.0]])
    known = np.array([[True, True, True, True, False]])
    found = nearest_donors(predicted, known, np.array([[2.8, 100.0]]), 3).rows()
    assert found[0].tolist() == [[2, 0, 1], [3, 1, 2]]


def test_all_patients_with_the_same_prediction_can_be_the_donor() -> None:
    predicted = np.array([[1.0, 0, 0, 0, 0, 0, 0, 0, 9, 1]])
    found = nearest_donors(predicted, np.ones((1, 10), bool), np.full((1, 8), -1.0), 5)
    rows = found.draw(np.full((1, 8), 0.5), np.arange(8.0)[None] / 8)
    assert sorted(set(rows[0].tolist())) == [1, 2, 3, 4, 5, 6, 7]


def test_fewer_patients_than_donors_use_all_there_are() -> None:
    known = np.array([[True, True, False]])
    found = nearest_donors(np.array([[1.0, 2.0, 3.0]]), known, np.array([[0.0]]), 5)
    assert found.rows().tolist() == [[[0, 1]]]


def test_multinomial_logits_agree_with_statsmodels() -> None:
    rng = np.random.default_rng(4)
    design = np.c_[np.ones(300), rng.normal(size=300)]
    y = (
        rng.random((300, 1)) > special.softmax(design @ [[0, 0.3, -0.5], [0, 1, -1]], -1).cumsum(-1)
    ).sum(-1)
    coef, cov = fit_multinomial(design[None], y[None], np.ones((1, 300)), 3)
    peer = sm.MNLogit(y, design).fit(disp=0)
    assert pytest.approx(peer.params, rel=1e-5) == coef[0].T
    assert cov[0] == pytest.approx(peer.cov_params(), rel=1e-5)


def test_perfect_prediction_keeps_category_coefficients_finite() -> None:
    y = (X[..., 1] >= 2).astype(float)
    eta = draw_binary(X, y, EVERYBODY, np.zeros((1, 2)))
    assert np.abs(eta).max() < 20
    assert (np.sign(eta) == np.sign(y - 0.5)).all()
    codes = np.minimum(X[..., 1], 2)
    prob = draw_multinomial(X, codes, EVERYBODY, np.zeros((1, 4)), 3)
    assert prob.sum(-1) == pytest.approx(1)
    assert (prob.argmax(-1) == codes).mean() >= 0.8


def patients(n: int = 60, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = np.stack([rng.normal(31, 4, n), rng.normal(18, 6, n)], -1)
    values[::3, 1] = np.nan
    return values


def test_complete_data_come_back_as_they_are() -> None:
    values = np.nan_to_num(patients())
    done = impute(values, [AGE, FSH], np.random.default_rng(1), imputations=3)
    assert done.incomplete == ()
    assert (done.completed == values).all()
    assert done.means.shape == (10, 3, 0)


@pytest.mark.parametrize("method", ["pmm", "norm"])
def test_a_shift_moves_every_imputed_value_by_the_same_amount(method: Method) -> None:
    values = patients()
    columns = [AGE, Column("fsh_iu_l", method=method)]
    plain, moved = (
        impute(values, columns, np.random.default_rng(2), imputations=4, shift={"fsh_iu_l": d})
        for d in (0, 5)
    )
    gap = np.isnan(values[:, 1])
    assert moved.completed[:, gap, 1] - plain.completed[:, gap, 1] == pytest.approx(5)
    assert (moved.completed[:, ~gap] == plain.completed[:, ~gap]).all()


def test_a_row_of_shifts_is_a_sensitivity_analysis() -> None:
    shifts = np.array([-10.0, 0, 10])
    done = impute(patients(), [AGE, FSH], np.random.default_rng(3), shift={"fsh_iu_l": shifts})
    assert done.completed.shape == (3, 20, 60, 2)
    assert np.diff(done.completed[..., 1].mean((-1, -2))) == pytest.approx(10 / 3, abs=0.5)


def test_a_shift_of_log_odds_makes_the_second_category_likelier() -> None:
    rng = np.random.default_rng(4)
    values = np.stack([rng.normal(size=300), rng.integers(0, 2, 300).astype(float)], -1)
    values[:150, 1] = np.nan
    columns = [AGE, Column("azf", 2)]
    shifted = impute(values, columns, np.random.default_rng(5), shift={"azf": np.array([0, 50.0])})
    assert 0.35 < shifted.completed[0, :, :150, 1].mean() < 0.65
    assert shifted.completed[1, :, :150, 1].mean() == 1


def test_three_categories_keep_their_shares() -> None:
    rng = np.random.default_rng(6)
    codes = rng.choice(3, 600, p=[0.6, 0.3, 0.1]).astype(float)
    codes[::4] = np.nan
    values = np.stack([rng.normal(size=600), codes], -1)
    done = impute(values, [AGE, Column("diagnosis", 3)], rng)
    drawn = done.completed[:, ::4, 1]
    assert set(np.unique(drawn)) <= {0.0, 1.0, 2.0}
    assert [(drawn == k).mean() for k in range(3)] == pytest.approx([0.6, 0.3, 0.1], abs=0.06)


def test_patients_excluded_neither_inform_nor_are_imputed() -> None:
    values = patients()
    inside = np.arange(60) < 40
    changed = values.copy()
    changed[40:] = [1e6, np.nan]
    one = impute(values, [AGE, FSH], np.random.default_rng(7), included=inside)
    other = impute(changed, [AGE, FSH], np.random.default_rng(7), included=inside)
    assert (one.completed[:, :40] == other.completed[:, :40]).all()
    assert np.isnan(other.completed[:, 40:, 1]).all()
    assert (other.completed[:, 40:, 0] == 1e6).all()


def test_a_batch_equals_what_each_data_set_gives_alone() -> None:
    rng = np.random.default_rng(8)
    batch = np.stack([patients(seed=s) for s in range(3)])
    batch[1, 5:25, 1] = np.nan
    batch = np.concatenate(
        [batch, rng.integers(0, 3, (3, 60, 1)), rng.integers(0, 2, (3, 60, 1))], -1
    )
    batch[:, 10:20, 2] = batch[:, 15:22, 3] = np.nan
    columns = [AGE, FSH, Column("diagnosis", 3), Column("azf", 2)]
    together = impute(batch, columns, np.random.default_rng(9).spawn(3), imputations=2)
    for i, own in enumerate(np.random.default_rng(9).spawn(3)):
        alone = impute(batch[i], columns, [own], imputations=2)
        assert together.completed[i] == pytest.approx(alone.completed)
        assert together.means[i] == pytest.approx(alone.means)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = np.stack([patients(seed=s) for s in range(5)])
    whole, parts = [], []
    for limit, into in ((1000, whole), (4, parts)):
        monkeypatch.setattr("estimate.imputation.chain.BLOCK_CHAINS", limit)
        own = np.random.default_rng(1).spawn(5)
        into.append(impute(batch, [AGE, FSH], own, imputations=2, iterations=2))
    assert (whole[0].completed == parts[0].completed).all()
    assert (whole[0].sds == parts[0].sds).all()


def test_three_patients_are_enough_to_run_and_none_is_not() -> None:
    tiny = [[30.0, 12.0], [31, np.nan], [35, 18]]
    done = impute(tiny, [AGE, FSH], np.random.default_rng(1), imputations=4, iterations=2)
    assert set(done.completed[:, 1, 1]) <= {12.0, 18.0}
    with pytest.raises(InputError, match="every value is missing"):
        impute(np.empty((0, 2)), [AGE, FSH], np.random.default_rng(1))


@pytest.mark.parametrize(
    ("values", "columns", "message"),
    [
        (np.full((5, 1), np.nan), [FSH], "every value is missing"),
        ([[1.0], [np.inf]], [FSH], "holds inf"),
        ([[0.0], [3.0]], [Column("diagnosis", 3)], "use codes 0 to 2"),
        ([[0.0], [3.0]], [AGE, FSH], "describe 2"),
    ],
)
def test_bad_data_are_named(values: object, columns: list[Column], message: str) -> None:
    with pytest.raises(InputError, match=message):
        impute(values, columns, np.random.default_rng(0))


def test_a_column_is_imputed_from_its_predictors_alone() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(size=400)
    b = a + rng.normal(size=400)
    c = b + rng.normal(size=400)
    gaps = rng.random(400) < 0.3
    values = np.c_[a, np.where(gaps, np.nan, b), c]

    def drawn(predictors: frozenset[str] | None) -> list[float]:
        columns = [Column("a"), Column("b", predictors=predictors), Column("c")]
        done = impute(values, columns, np.random.default_rng(2), imputations=5, iterations=2)
        filled = done.completed[:, gaps, 1].ravel()
        return [float(np.corrcoef(filled, np.tile(x[gaps], 5))[0, 1]) for x in (a, c)]

    everything, of_a, of_none = (drawn(p) for p in (None, frozenset("a"), frozenset[str]()))
    assert everything[1] > 0.7
    assert of_a[0] > 0.5
    assert of_a[1] < 0.5
    assert np.abs(of_none).max() < 0.2
    with pytest.raises(InputError, match="no column is called d"):
        impute(values, [Column("a"), Column("b", predictors=frozenset("d")), Column("c")], rng)


def test_bad_shifts_and_generators_are_named() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="lh_iu_l: it cannot be shifted"):
        impute(patients(), [AGE, FSH], rng, shift={"lh_iu_l": 1})
    with pytest.raises(InputError, match="2 generators were given"):
        impute(patients(), [AGE, FSH], rng.spawn(2))


TABLE = pd.DataFrame(
    {
        "age_years": [30, 31, 32, 33, 34, 35, 36, 37, 38, 39] * 3,
        "diagnosis": ["azfc", None, "idiopathic", "orchitis", "idiopathic"] * 6,
        "clinic": ["north"] * 30,
        "fsh_iu_l": [np.nan, *range(10, 19)] * 3,
    }
)
KINDS = {
    "age_years": Numeric(),
    "diagnosis": Categorical(
        (
            "idiopathic",
            "orchitis",
            "azfc",
        )
    ),
    "fsh_iu_l": Numeric(),
}


def test_a_data_frame_gives_completed_data_frames() -> None:
    tables, done = impute_table(TABLE, KINDS, np.random.default_rng(1), imputations=3)
    assert done.incomplete == ("diagnosis", "fsh_iu_l")
    for table in tables:
        assert list(table.columns) == list(TABLE.columns)
        assert not table.isna().any(axis=None)
        known = TABLE["diagnosis"].notna()
        assert (table["diagnosis"][known] == TABLE["diagnosis"][known]).all()
        assert set(table["diagnosis"]) <= set(KINDS["diagnosis"].levels)
    assert TABLE["diagnosis"].isna().sum() == 6


def test_categories_coded_as_numbers_stay_numbers() -> None:
    patients = pd.DataFrame({"age_years": range(30, 60), "live_birth": [0.0, 1, None] * 10})
    kinds = {"age_years": Numeric(), "live_birth": Categorical(("0", "1"))}
    tables, _ = impute_table(patients, kinds, np.random.default_rng(2), imputations=2)
    assert tables[0]["live_birth"].isin([0.0, 1.0]).all()
    assert tables[0]["live_birth"].dtype == float


def test_all_faults_of_a_table_are_reported_at_once() -> None:
    kinds = {
        **KINDS,
        "clinic": Numeric(),
        "weight": Numeric(),
        "diagnosis": Categorical(
            (
                "azfc",
                "orchitis",
            )
        ),
    }
    with pytest.raises(InputError) as error:
        encode(TABLE, kinds, {"fsh_iu_l": "logreg", "lh_iu_l": "pmm"})
    found = {fault.field for fault in error.value.faults}
    assert found == {"diagnosis", "fsh_iu_l", "clinic", "weight", "lh_iu_l"}
    with pytest.raises(InputError, match="use polyreg"):
        encode(TABLE, KINDS, {"diagnosis": "logreg"})
    with pytest.raises(InputError, match="pmm imputes numbers"):
        encode(TABLE, KINDS, {"diagnosis": "pmm"})
    with pytest.raises(InputError, match="one category"):
        encode(TABLE, {"clinic": Categorical(("north",))})


def test_chains_of_independent_draws_have_converged() -> None:
    done = impute(patients(300), [AGE, FSH], np.random.default_rng(2), iterations=40)
    assert convergence(done).of_means == pytest.approx(1, abs=0.1)
    assert convergence(done).of_sds == pytest.approx(1, abs=0.1)
    short = impute(patients(), [AGE, FSH], np.random.default_rng(2), iterations=2)
    assert np.isnan(convergence(short).of_means)


def test_shares_missing() -> None:
    shares, complete = missing_patterns(patients(60))
    assert shares.tolist() == [0, pytest.approx(1 / 3)]
    assert complete == pytest.approx(2 / 3)


def test_resamples_combine_by_analysis_of_variance() -> None:
    each = np.array([[1.0, 3.0], [4.0, 4.0], [6.0, 6.0]])
    answer = combine(each)
    between, within = 2 * np.var([2, 4, 6], ddof=1), np.mean([2, 0, 0])
    assert answer.estimate == 4
    assert answer.std_error == pytest.approx(np.sqrt(4 / 6 * between - within / 2))
    assert combine([*each, [np.nan, 1]]).estimate == 4
    with pytest.raises(InputError, match="estimator failed"):
        combine(np.full((5, 2), np.nan))


def test_the_bootstrap_estimates_the_standard_error_of_a_mean() -> None:
    rng = np.random.default_rng(10)
    values = rng.normal(20, 6, (120, 1))
    answer = bootstrap_then_impute(values, [FSH], lambda x: x[..., 0].mean(-1), rng, resamples=400)
    assert answer.std_error == pytest.approx(values.std(ddof=1) / np.sqrt(120), rel=0.12)
    assert answer.percentile_low < answer.estimate < answer.percentile_high
    with pytest.raises(InputError, match="at least 2 of each"):
        bootstrap_then_impute(values, [FSH], lambda x: x.mean((-1, -2)), rng, imputations=1)
