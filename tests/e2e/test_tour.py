"""The commands of the tour run and print the output shown."""

import re
import shlex
import shutil
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from pretese.cli import run

DOCS = Path(__file__).parents[2] / "docs"


def steps() -> list[tuple[str, list[str]]]:
    page = (DOCS / "tour.md").read_text()
    blocks = re.findall(r"^```\n\$ pretese (.*?)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [(words, lines.splitlines()) for words, lines in blocks]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    here = tmp_path_factory.mktemp("tour")
    shutil.copy(DOCS / "examples" / "plan.yaml", here)
    return here


@pytest.fixture(scope="module")
def printed(folder: Path) -> dict[str, list[str]]:
    """Run the commands of the tour in their order; return what each printed."""
    shown: dict[str, list[str]] = {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        for words, _ in steps():
            with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as err:
                assert run(shlex.split(words)) == 0, words
            text = out.getvalue() + err.getvalue()
            shown[words] = [line.rstrip() for line in text.splitlines()]
    return shown


@pytest.mark.parametrize(("words", "lines"), steps(), ids=lambda each: str(each)[:20])
def test_the_tour_prints_what_it_shows(words, lines, printed):
    missing = [line for line in lines if line != "..." and line.rstrip() not in printed[words]]
    assert missing == []


def test_the_tour_has_seven_steps():
    assert len(steps()) == 7


def test_the_named_patient_is_as_described(printed, folder):
    ((number, stratum),) = re.findall(r"Patient (\d+) is `(\w+)`", (DOCS / "tour.md").read_text())
    truth = pd.read_csv(folder / "cohort" / "truth" / "truth.csv", index_col="patient_id")
    patient = truth.loc[int(number)]
    assert patient["stratum_by_surgery"] == stratum == "spared_by_therapy"
    assert patient["sperm_retrieved_untreated"] == 1
    assert patient["sperm_in_ejaculate_treated"] == 1
