from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom

from protocol.errors import InputError
from simulate.cohort.births import couples_of
from simulate.cohort.draw import draw_cohort
from simulate.cohort.laboratory import binomial
from simulate.scenario.parameter_paths import with_values
from simulate.tables.study_tables import tables
from tests.support.paper import drawn, paper


@pytest.mark.parametrize(("trials", "chance"), [(1, 0.3), (7, 0.53), (40, 0.96), (12, 1e-3)])
def test_inversion_gives_binomial_counts(trials, chance):
    uniform = (np.arange(2000) + 0.5) / 2000
    counts = binomial(uniform, np.full(2000, float(trials)), np.full(2000, chance))
    assert np.array_equal(counts, binom.ppf(uniform, trials, chance))


def test_zero_trials_give_zero_counts():
    assert binomial(np.array([0.999]), np.zeros(1), np.array([0.9])).tolist() == [0.0]


def test_each_stage_keeps_a_part_of_the_previous_one_and_one_embryo_remains():
    couples = couples_of(drawn())
    cycle, untreated, treated = couples.cycle, *drawn().paths
    needed = untreated.any_sperm | treated.any_sperm
    stages = (
        cycle.oocytes,
        cycle.mii_oocytes,
        cycle.two_pronuclear_zygotes,
        cycle.cleavage_stage_embryos,
        cycle.transferable_embryos,
    )
    for before, after in pairwise(stages):
        assert (after <= before).all()
    assert (cycle.blastocysts <= cycle.transferable_embryos).all()
    assert (cycle.transferable_embryos[needed] >= 1).all()
    assert not cycle.oocytes[~needed].any()


def test_mean_counts_are_those_of_the_scenario():
    cycle = couples_of(drawn()).cycle
    needed = cycle.oocytes > 0
    lab = paper().laboratory
    assert cycle.oocytes[needed].mean() == pytest.approx(lab.oocytes.value, rel=0.05)
    mii_share = cycle.mii_oocytes.sum() / cycle.oocytes.sum()
    assert mii_share == pytest.approx(lab.maturation.value, abs=0.01)
    zygote_share = cycle.two_pronuclear_zygotes.sum() / cycle.mii_oocytes.sum()
    assert zygote_share == pytest.approx(lab.fertilisation.value, abs=0.03)


def test_oocytes_of_one_couple_are_correlated():
    """Between couples, fertilisation varies more than independent oocytes would."""
    cycle = couples_of(drawn()).cycle
    many = cycle.mii_oocytes >= 8
    share = cycle.two_pronuclear_zygotes[many] / cycle.mii_oocytes[many]
    mean = share.mean()
    alone = mean * (1 - mean) * (1 / cycle.mii_oocytes[many]).mean()
    assert share.var() > 1.4 * alone


def test_embryos_of_azfc_couples_are_poorer():
    cycle, diagnosis = couples_of(drawn()).cycle, drawn().patients.diagnosis
    good = [
        cycle.transferable_embryos[diagnosis == code].sum()
        / cycle.cleavage_stage_embryos[diagnosis == code].sum()
        for code in (0, 3)
    ]
    assert good[1] < good[0] - 0.1


def test_transfers_are_embryos_shared_out_one_or_two_at_a_time():
    couples = couples_of(drawn())
    cycle = couples.cycle
    needed = cycle.transferable_embryos > 0
    expected = np.minimum(
        np.ceil(cycle.transferable_embryos[needed] / cycle.per_transfer[needed]), 4
    )
    assert np.array_equal(couples.transfers_available[needed], expected)


def test_a_probability_of_one_keeps_every_oocyte():
    assert binomial(np.array([1e-9, 0.5, 0.999]), np.full(3, 9.0), np.ones(3)).tolist() == [9] * 3


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("fertility.max_transfers", 0.4),
        ("fertility.max_transfers", 1000),
        ("laboratory.max_oocytes", 0.5),
        ("physiology.hcg_reference_interval_days", 365),
        ("physiology.estradiol_per_testosterone_exponent", 100),
    ],
)
def test_biologically_impossible_numbers_are_refused(path, value):
    with pytest.raises(InputError, match=path):
        with_values(paper(), {path: value}, "test", beyond_sweep=True)


def test_the_greatest_numbers_give_tables_without_a_warning():
    for path in ("laboratory.azfc", "laboratory.couple_log_odds_sd", "fertility.transfer_azfc"):
        extreme = with_values(paper(), {path: 100.0}, "test", beyond_sweep=True)
        assert len(tables(draw_cohort(extreme, 1, patients=40))["patients"]) == 40
