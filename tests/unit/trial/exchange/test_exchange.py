"""A design as a synopsis and as USDM: every part of the file, and nothing else."""

import json
import re

import pytest

import pretese
from pretese.cli import run
from pretese.screen.endings import EXIT_BAD_INPUT
from protocol.errors import InputError

DESIGNS = pretese.shipped().designs


def usdm_of(name):
    return json.loads(pretese.design(name).show("usdm"))


@pytest.mark.parametrize("name", DESIGNS)
def test_usdm_contains_arms_objectives_and_estimands_of_every_shipped_design(name):
    (study,) = usdm_of(name)["study"]["versions"]
    (design,) = study["studyDesigns"]
    given = pretese.design(name).to_dict()
    assert study["titles"][0]["text"] == given["title"]
    assert design["population"]["plannedEnrollmentNumber"]["value"] == given["participants"]
    assert len(design["objectives"]) == 1 + len(given.get("secondary", ()))
    arms = [*(given.get("arms") or given.get("risks_percent") or ("control", "treated"))]
    assert {arm["name"] for arm in design["arms"]} == set(arms)
    assert len(design["estimands"]) == len(design["objectives"]) * (len(arms) - 1)


@pytest.mark.parametrize("name", ["superiority-any-sperm", "three-arms-live-birth"])
def test_every_reference_in_usdm_identifies_an_object(name):
    text = json.dumps(usdm_of(name))
    known = re.findall(r'"id": "([^"]+)"', text)
    assert len(known) == len(set(known))
    named = re.findall(r'Ids?": "([^"]+)"', text)
    named += [each for found in re.findall(r'Ids": \[([^\]]*)\]', text)
              for each in re.findall(r'"([^"]+)"', found)]  # fmt: skip
    assert len(named) > 10
    assert set(named) <= set(known)


def test_a_synopsis_states_design_and_estimands_and_what_is_not_held():
    text = pretese.design("three-arms-live-birth").show()
    for words in (
        "# Synopsis: FSH-guided therapy and hCG alone against none",
        "### Primary: any sperm",
        "### Secondary: live birth",
        "| Population | participants infertile for more than 3 years |",
        "| Allocation ratio | 1:1:1 (no-therapy : hcg : fsh-guided) |",
        "| Control | no-therapy (no intervention) |",
        "| Participants | 900, all arms together |",
        "closed dunnett",
        "sponsor and protocol number",
    ):
        assert words in text, words


def test_author_and_date_of_a_file_are_shown(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "id: own\ntitle: A_trial\nquestion: Is it better?\nversion: '2.1'\nauthor: A. Author\n"
        "date: 2026-12-01\nparticipants: 100\nrisks: {control_percent: 30, treated_percent: 50}\n"
        "sites: [{name: one, from_month: [0], recruitment_per_year: [60]}]\n"
        "endpoint: {variable: any_sperm, endpoint_month: 4}\n"
    )
    text = pretese.design(path).show()
    assert "| Version | 2.1 |" in text
    assert "| Date | 2026-12-01 |" in text
    assert "control: not stated" in text
    assert json.loads(pretese.design(path).show("usdm"))["study"]["versions"][0][
        "versionIdentifier"
    ] == "2.1"  # fmt: skip


def test_the_command_lists_shows_and_writes(tmp_path, capsys):
    assert run(["design", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()[::2]
    assert listed == list(DESIGNS)
    file = tmp_path / "trial.json"
    assert run(["design", "show", "placebo-ufsh", "--format", "usdm", "--out", str(file)]) == 0
    assert file.read_text() == pretese.design("placebo-ufsh").show("usdm")
    assert run(["design", "show", "placebo-ufsh"]) == 0
    assert run(["design", "show", "no-such-design"]) == EXIT_BAD_INPUT
    with pytest.raises(InputError, match="give synopsis or usdm"):
        pretese.design("placebo-ufsh").show("pdf")
