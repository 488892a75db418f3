"""The recovery gate at a small size: `make recover` runs the same library at full size.

About 200 verdicts are tested at once, so differences up to four MCSEs are accepted, not three.
"""

import functools
from pathlib import Path

import pytest

from pretese.jobs.storage.blocks import Store
from pretese.recovery.design.library import choose_study, load_library
from pretese.recovery.results.assess import Assessment
from pretese.recovery.run_recovery import assess_blocks, prepare_recovery, run_study

#: Replicates of each case: enough to detect every failure named below, and any gross bias.
REPLICATES = {
    "duration-subgroups": 100,
    "much-missing": 100,
    "missing-at-random-constant-effect": 100,
    "fsh-at-discretion": 20,
}
OTHERWISE = 200

#: Failures that must be detected even at this size: case, plan and method.
VISIBLE = {
    "constant-effect": [
        ("measured", "unadjusted"),
        ("measured", "iptw-ate-naive"),
        ("measured", "matching-treated-largest"),
    ],
    "no-effect": [("measured", "unadjusted"), ("measured", "iptw-ate-naive")],
    "paper-nothing-missing": [("operated", "g-computation"), ("operated", "iptw-ate")],
    "randomised": [("measured", "matching-treated-largest")],
    "confounded": [("hidden", "g-computation"), ("hidden", "aipw"), ("measured", "matching")],
    "poor-overlap": [("measured", "iptw-ate"), ("measured", "unadjusted")],
    "much-missing": [],
    "strong-confounding-constant-effect": [
        ("measured", "unadjusted"),
        ("measured", "matching-treated-largest"),
    ],
    "fsh-at-discretion": [],
    "hidden-confounder-constant-effect": [("measured", "g-computation"), ("measured", "aipw")],
    "responders-removed": [],
    "retest-controls": [],
    "duration-subgroups": [("divided", "rounded: ≤ 3")],
    "missing-at-random-constant-effect": [
        ("complete-cases", "g-computation"),
        ("complete-cases", "adjusted"),
        ("complete-cases", "aipw"),
    ],
}

CASES = sorted(load_library().cases)


@pytest.fixture(scope="module")
def assessed(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("gate")

    @functools.cache
    def run(case: str) -> Assessment:
        spec = choose_study((case,), None, None, 50_000)
        tolerance = spec.tolerance.model_copy(update={"chance": 4})
        study = prepare_recovery(spec.model_copy(update={"tolerance": tolerance}))
        store = Store(Path(folder) / case)
        count = run_study(
            study, store, REPLICATES.get(case, OTHERWISE), None, None, lambda *_: None
        )
        return assess_blocks(study, store, count)

    return run


def test_every_case_names_its_expected_findings():
    assert sorted(VISIBLE) == CASES


@pytest.mark.parametrize("case", CASES)
def test_every_verdict_is_the_expected_one(assessed, case):
    unexpected = [
        (each.plan, each.method, each.scale, each.verdict, each.reason)
        for each in assessed(case).unexpected
    ]
    assert unexpected == []


@pytest.mark.parametrize("case", CASES)
def test_methods_expected_to_fail_are_biased(assessed, case):
    verdicts = {
        (each.plan, each.method): each.verdict
        for each in assessed(case).judgements
        if each.scale == "odds ratio"
    }
    for which in VISIBLE[case]:
        assert verdicts[which] == "biased", which


def test_tests_reject_in_five_percent_of_studies_without_an_effect(assessed):
    performance = assessed("no-effect").performance
    rows = performance[
        (performance["measure"] == "rejection")
        & (performance["against"] == "PATE")
        & performance["method"].isin(["g-computation", "adjusted", "iptw-ate", "aipw", "matching"])
        & (performance["plan"] != "more-methods")  # matching of several partners is biased there
    ]
    assert len(rows) >= 8
    limit = 3 * (0.05 * 0.95 / OTHERWISE) ** 0.5
    assert ((rows["value"] - 0.05).abs() < limit + 0.01).all()


def test_intervals_for_the_population_contain_the_sample_effect_more_often(assessed):
    performance = assessed("constant-effect").performance
    shares = performance[
        (performance["measure"] == "coverage") & (performance["method"] == "g-computation")
    ].pivot_table(index="scale", columns="against", values="value")
    assert (shares["SATE"] > shares["PATE"]).all()


def test_common_random_numbers_make_contrasts_more_precise_than_their_parts(assessed):
    found = assessed("constant-effect")
    contrasts = found.contrasts
    row = contrasts[
        (contrasts["method"] == "aipw")
        & (contrasts["measure"] == "bias")
        & (contrasts["scale"] == "risk difference")
    ].iloc[0]
    alone = next(each for each in found.judgements if each.method == "aipw")
    assert row["reference"] == "g-computation"
    assert row["mcse"] < alone.bias_mcse / 2
