"""The page of a recovery study says of every case what was found and what was claimed."""

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
    failure = {"plan": "p", "methods": ["unadjusted"], "because": "men choose"}
    return validate(
        {
            "id": "x", "aim": "Is it so?", "seed": 7,
            "plans": {"p": {"methods": ["aipw", "unadjusted"], "covariates": ["age_years"],
                            "scales": ["risk difference"]}},
            "cases": {"one": {"scenario": "paper", "question": "Why?", "plans": ["p"],
                              "fails": [failure]}},
            "grids": {"g": {"scenario": "paper", "plan": "p", "down": AXIS, "across": AXIS}},
        },
        StudySpec, "study",
    )  # fmt: skip


def row(case, method, coverage=0.95, bias=0.01, **changes):
    return {
        "case": case, "plan": "p", "method": method, "scale": "risk difference", "truth": 0.14,
        "bias": bias, "bias_mcse": 0.002, "empirical_se": 0.05, "coverage": coverage,
        "coverage_mcse": 0.005, "verdict": "recovers", "claim": "recovers", "surprise": False,
    } | changes  # fmt: skip


def verdicts(**unadjusted):
    rows = [row("one", "aipw"), row("one", "unadjusted", **({"claim": "fails"} | unadjusted))]
    for place, coverage in (("1-1", 0.95), ("1-2", 0.94), ("2-1", 0.90), ("2-2", 0.97)):
        rows += [row(f"g-{place}", m, coverage, claim="none") for m in ("aipw", "unadjusted")]
    return pd.DataFrame(rows)


def test_what_is_as_claimed_is_said_so():
    page = write_page(spec(), verdicts(verdict="fails", coverage=0.6), 2000)
    assert "Of 10 verdicts 2 were claimed, 1 of them failures; every one is as claimed." in page
    assert "| one, p | yes | no |" in page
    assert "| p | aipw | RD | 0.140 | +0.010 (0.002) | +0.20 | 95.0 (0.5) | recovers |" in page
    assert "* p: unadjusted must fail, because men choose." in page
    assert "Why?" in page


def test_a_surprise_stands_at_the_top_and_in_its_row():
    page = write_page(spec(), verdicts(verdict="recovers", surprise=True), 2000)
    assert "**Not as claimed** (1 of 2):\n\n* one, p, unadjusted, risk difference, recovers" in page
    assert "| one, p | yes | ! |" in page
    assert "**recovers, not as claimed** |" in page


def test_the_worst_cell_of_a_grid_is_bold():
    page = write_page(spec(), verdicts(verdict="fails"), 2000)
    assert "| strong | **90.0, +0.20** | 97.0, +0.20 |" in page
    assert page.count("**90.0") == 2  # of either method


@pytest.fixture(scope="module")
def published():
    page = Path(__file__).parents[3] / "docs/explanation/recovery.md"
    return page.read_text(encoding="utf-8")


def test_the_published_page_is_about_the_library_as_it_is(published):
    library = load_library()
    sections = {part.split("\n")[0]: part for part in published.split("\n## ")[1:]}
    assert list(sections) == ["Overview", *library.cases, *library.grids]
    for name, case in library.cases.items():
        rows = [line.split(" | ")[:3] for line in sections[name].splitlines() if "MCSE" not in line]
        found = {(plan.removeprefix("| "), method) for plan, method, *_ in filter(_full, rows)}
        plans = {plan: library.plans[plan] for plan in case.plans}
        asked = {(p, m) for p, plan in plans.items() for m, _ in methods_and_scales(plan)}
        assert found == asked, name
        for failure in case.fails:
            assert failure.because in sections[name]


def _full(words):
    return len(words) == 3 and words[0] != "| ---"


def test_the_published_page_has_no_surprise(published):
    assert "every one is as claimed" in published
    assert "ot as claimed" not in published.replace("!: not as claimed", "")
