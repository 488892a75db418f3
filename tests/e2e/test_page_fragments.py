"""Every part of a file on a page is accepted at the place that the page names."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import pretese
from pretese.api.analysis.analyses import plan
from simulate.clinic.setup.referrals import read_waiting_list
from tests.support.pages.page_blocks import DOCS, pages

FILES = ("yaml", "csv", "toml", "json")
PAGES = {
    name: [each.body for each in found if each.kind in FILES and not each.file]
    for name, found in pages()
}
SCENARIOS = DOCS.parent / "scenarios"

#: Fields that a page omits of a trial with fixed event rates.
RATES = {
    "title": "A part of a design",
    "question": "Is the part accepted?",
    "participants": 744,
    "sites": [{"name": "one", "from_month": [0], "recruitment_per_year": [200]}],
    "endpoint": {"variable": "any_sperm", "endpoint_month": 4},
}


def shipped(path: str) -> dict[str, Any]:
    """Return the fields of a shipped file."""
    found: dict[str, Any] = yaml.safe_load((SCENARIOS / path).read_text(encoding="utf-8"))
    return found


def design(text: str) -> None:
    """Read a design that contains the part, which is about event rates or a scenario."""
    part = yaml.safe_load(text)
    base = RATES if "risks" in part else shipped("designs/superiority-any-sperm.yaml")
    assert set(part) <= set(pretese.design({"id": "part", **base, **part}).to_dict())


def design_of_several_arms(text: str) -> None:
    """Read a design of several arms that contains the part."""
    part = yaml.safe_load(text)
    trial = pretese.design({**shipped("designs/three-arms-live-birth.yaml"), **part})
    assert set(part) <= set(trial.to_dict())


def bayesian_design(text: str) -> None:
    """Read a Bayesian design with the part, which the shipped one contains."""
    part = yaml.safe_load(text)
    whole = shipped("designs/bayesian-borrowed-controls.yaml")
    assert set(part) <= set(pretese.design(whole | part).to_dict())


def bayesian_design_of_a_scenario(text: str) -> None:
    """Read a Bayesian design with the part, which has no event rates of its own."""
    part = yaml.safe_load(text)
    whole = shipped("designs/superiority-any-sperm.yaml")
    kept = {
        name: whole[name]
        for name in ("id", "title", "question", "participants", "sites", "endpoint")
    }
    assert set(part) <= set(pretese.design(kept | part).to_dict())


def scenario(text: str) -> None:
    """Read a scenario file, or a part of one that extends ``paper``."""
    part = yaml.safe_load(text)
    fields = {"id": "part", "extends": "paper", "question": "What?", "expected_finding": "This."}
    Path("part.yaml").write_text(yaml.safe_dump(fields | part), encoding="utf-8")
    assert pretese.scenario("part.yaml").simulate(patients=5, seed=1).patients.shape[0] == 5


def analysis_plan(text: str) -> None:
    """Read a whole plan."""
    part = yaml.safe_load(text)
    assert set(part) <= set(plan(part).to_dict())


def strategies(text: str) -> None:
    """Read a plan whose section ``strategies`` has the part where the page writes an ellipsis."""
    part = yaml.safe_load(text.replace("  ...\n", ""))["strategies"]
    fields = yaml.safe_load((DOCS / "examples" / "strategies.yaml").read_text(encoding="utf-8"))
    fields["strategies"] |= part
    assert set(part) <= set(plan(fields).to_dict()["strategies"])


def clinic_number(text: str) -> None:
    """Run a clinic whose hormone results take as long as the number shown."""
    ours = shipped("clinics/one-centre.yaml")
    ours["laboratory"]["hormones"]["turnaround"] = yaml.safe_load(text)
    Path("ours.yaml").write_text(yaml.safe_dump(ours), encoding="utf-8")
    assert pretese.scenario("paper").clinic("ours.yaml", patients=2, replicates=1, progress=False)


def waiting_list(text: str) -> None:
    """Read the patients who wait on day 0."""
    Path("waiting.csv").write_text(text, encoding="utf-8")
    assert len(read_waiting_list(Path("waiting.csv"))) == len(text.splitlines()) - 1


def entry_point(text: str) -> None:
    """Read the table by which a package offers a function."""
    (found,) = tomllib.loads(text)["project"]["entry-points"].values()
    assert all(re.fullmatch(r"[\w.]+:\w+", value) for value in found.values())


#: Page, and the readers of its parts: one for all, or one per part in order.
READERS: dict[str, list[Callable[[str], Any]]] = {
    "how-to/analyse-your-own-table": [analysis_plan],
    "how-to/compare-dynamic-regimens": [strategies],
    "how-to/export-a-cohort": [scenario],
    "how-to/extend-a-scenario": [entry_point],
    "how-to/plan-a-bayesian-trial": [bayesian_design],
    "reference/analysis-plan": [analysis_plan],
    "reference/bayesian-file": [bayesian_design_of_a_scenario],
    "reference/clinic-file": [clinic_number, waiting_list],
    "reference/design-file": [design],
    "reference/multi-arm-file": [design_of_several_arms],
    "reference/scenario": [scenario],
}

#: Pages whose parts are not read here, with the reason.
NOT_READ = {
    "reference/cds-hooks": "its keys are omitted; tests/unit/web reads whole files",
    "tutorials/plan-an-rct": "tests/e2e/trial/test_plan_an_rct.py plans the trial of the file",
}


@pytest.mark.parametrize("page", [p for p, found in PAGES.items() if found and p not in NOT_READ])
def test_every_part_of_a_file_is_accepted(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    readers = READERS[page]
    for place, text in enumerate(PAGES[page]):
        readers[min(place, len(readers) - 1)](text)


def test_no_page_is_excluded_without_need():
    assert all(PAGES[page] for page in (*NOT_READ, *READERS))
