"""The page of a recovery study gives, for every case, the verdicts found and expected."""

from pathlib import Path

import pandas as pd
import pytest

from pretese.recovery.design.library import load_library
from pretese.recovery.design.study_spec import StudySpec
from pretese.recovery.results.recovery_page import write_page
from pretese.recovery.work.methods import methods_and_scales
from protocol.reading.documents import validate

AXIS = {"label": "confounding (log odds)", "path": "a", "given": {"none": 0, "strong": 1}}


def spec():
    failure = {"plan": "p", "methods": ["unadjusted"], "reason": "patients choose"}
    return validate(
        {
            "id": "x", "aim": "Is it so?", "seed": 7,
            "plans": {"p": {"methods": ["aipw", "unadjusted"], "covariates": ["age_years"],
                            "scales": ["risk difference"]}},
            "cases": {"one": {"scenario": "paper", "question": "Why?", "plans": ["p"],
                              "biased": [failure]}},
            "grids": {"g": {"scenario": "paper", "plan": "p", "down": AXIS, "across": AXIS}},
        },
        StudySpec, "study",
    )  # fmt: skip


def row(case, method, coverage=0.95, bias=0.01, **changes):
    return {
        "case": case, "plan": "p", "method": method, "scale": "risk difference", "truth": 0.14,
        "bias": bias, "bias_mcse": 0.002, "empirical_se": 0.05, "coverage": coverage,
        "coverage_mcse": 0.005, "verdict": "unbiased", "expected": "unbiased", "unexpected": False,
    } | changes  # fmt: skip


def verdicts(**unadjusted):
    rows = [row("one", "aipw"), row("one", "unadjusted", **({"expected": "biased"} | unadjusted))]
    for place, coverage in (("1-1", 0.95), ("1-2", 0.94), ("2-1", 0.90), ("2-2", 0.97)):
        rows += [row(f"g-{place}", m, coverage, expected="none") for m in ("aipw", "unadjusted")]
    return pd.DataFrame(rows)


def test_expected_verdicts_are_reported_as_expected():
    page = write_page(spec(), verdicts(verdict="biased", coverage=0.6), 2000)
    assert "for 2 of 10 analyses (1 biased). Every verdict is as expected." in page
    assert "| one, p | yes | no |" in page
    assert "| p | aipw | RD | 0.140 | +0.010 (0.002) | +0.20 | 95.0 (0.5) | unbiased |" in page
    assert "* p: expected bias of unadjusted: patients choose." in page
    assert "Why?" in page


def test_an_unexpected_verdict_is_at_the_top_and_in_its_row():
    page = write_page(spec(), verdicts(verdict="unbiased", unexpected=True), 2000)
    assert (
        "**Unexpected verdicts** (1 of 2):\n\n* one, p, unadjusted, risk difference, unbiased"
        in page
    )
    assert "| one, p | yes | ! |" in page
    assert "**unbiased, unexpected** |" in page


def test_the_worst_cell_of_a_grid_is_bold():
    page = write_page(spec(), verdicts(verdict="biased"), 2000)
    assert "| strong | **90.0, +0.20** | 97.0, +0.20 |" in page
    assert page.count("**90.0") == 2  # of either method


@pytest.fixture(scope="module")
def published():
    page = Path(__file__).parents[3] / "docs/explanation/recovery.md"
    return page.read_text(encoding="utf-8")


def test_the_published_page_is_about_the_library_as_it_is(published):
    library = load_library()
    sections = {part.split("\n")[0]: part for part in published.split("\n## ")[1:]}
    assert list(sections) == ["Overview", *library.cases, *library.grids, "Transported numbers"]
    for name, case in library.cases.items():
        rows = [line.split(" | ")[:3] for line in sections[name].splitlines() if "MCSE" not in line]
        found = {(plan.removeprefix("| "), method) for plan, method, *_ in filter(_full, rows)}
        plans = {plan: library.plans[plan] for plan in case.plans}
        asked = {(p, m) for p, plan in plans.items() for m, _ in methods_and_scales(plan)}
        assert found == asked, name
        for failure in case.biased:
            assert failure.reason in sections[name]


def _full(words):
    return len(words) == 3 and words[0] != "| ---"


def test_the_published_page_has_no_unexpected_verdict(published):
    assert "Every verdict is as expected" in published
    assert "nexpected" not in published.replace("!: unexpected", "")


def test_one_experiment_under_two_names_counts_once():
    both = [row("one", "aipw"), row("two", "aipw"), row("two", "unadjusted")]
    study = spec()
    study = study.model_copy(update={"cases": {**study.cases, "two": study.cases["one"]}})
    page = write_page(study, pd.DataFrame(both + verdicts()[2:].to_dict("records")), 2000)
    assert "1 analyses (two) have results identical to those of another case" in page
    assert "for 2 of 10 analyses (0 biased)" in page
