"""Every command and every cell of every page runs, except those listed with a reason."""

import importlib
from pathlib import Path

import pytest

from tests.support.pages.page_blocks import pages
from tests.support.pages.page_inputs import INPUTS
from tests.support.pages.page_player import play_page, reason_not_run

# Its first import draws a random number, which the guard would attribute to our code.
importlib.import_module("rich.style")

ROOT = Path(__file__).parents[2]
PAGES = dict(pages())

#: Pages that other tests run and compare with their output.
ELSEWHERE = {
    "how-to/audit-your-clinics-log": "protocol/test_protocol_howtos.py",
    "how-to/decide-for-one-patient": "protocol/test_protocol_howtos.py",
    "how-to/monitor-a-running-trial": "protocol/test_protocol_howtos.py",
    "how-to/scale-out": "jobs/test_scale_out.py",
    "how-to/work-in-python": "api/test_python_pages.py",
    "how-to/write-your-own-regimen": "protocol/test_protocol_howtos.py",
    "tour": "test_tour.py",
    "tutorials/cohort-in-python": "api/test_cohort_page.py",
    "tutorials/from-the-literature-to-a-sample-size": "api/test_python_pages.py",
    "tutorials/plan-an-rct": "trial/test_plan_an_rct.py",
    "tutorials/protocol-in-python": "api/test_python_pages.py",
    "tutorials/three-arms-in-python": "api/test_trial_pages.py",
    "tutorials/trial-in-python": "api/test_trial_pages.py",
}


def to_run(page: str) -> int:
    """Return how many commands and cells of a page a test can run."""
    commands = [each for block in PAGES[page] for each in block.commands()]
    cells = sum(block.kind == "python" for block in PAGES[page])
    return cells + sum(reason_not_run(each) is None for each in commands)


PLAYED = [page for page in PAGES if to_run(page) and page not in ELSEWHERE]


@pytest.mark.parametrize("page", PLAYED)
def test_every_command_and_cell_of_a_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    INPUTS.get(page, lambda: None)()
    assert play_page(PAGES[page]) == to_run(page)


@pytest.mark.parametrize(("page", "test"), ELSEWHERE.items())
def test_a_page_that_is_played_elsewhere_is_named_there(page, test):
    assert to_run(page)
    assert page.rpartition("/")[2] in (ROOT / "tests/e2e" / test).read_text(encoding="utf-8")
